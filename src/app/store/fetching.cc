#include "app/store/fetching.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.h"

namespace malmoi::app {
namespace {

namespace fs = std::filesystem;

uint64_t bytes_there(const Path& path) {
  std::error_code error;
  const uint64_t size = fs::file_size(path, error);
  return error ? 0 : size;
}

}  // namespace

Fetching::Fetching(std::string name, const std::vector<RemoteFile>& files, Path folder, const Job& job)
    : name_(std::move(name)), folder_(std::move(folder)), job_(job), began_(monotonic_seconds()) {
  for (const RemoteFile& file : files) {
    total_ += file.size.value_or(0);
    Path path = folder_ / file.path;
    first_ += bytes_there(path);
    first_ += bytes_there(path += ".partial");
  }
}

Status Fetching::check_room(uint64_t times) const {
  std::error_code error;
  const fs::space_info space = fs::space(folder_, error);
  const uint64_t needed = times * (total_ - std::min(total_, first_));
  if (error || needed <= space.available) return {};
  return Error{ErrorCode::kIo,
               fmt::format("needs {} on the disk, {} are free", format_bytes(static_cast<double>(needed)),
                           format_bytes(static_cast<double>(space.available))),
               name_, "free some space, or set MALMOI_HOME to another disk"};
}

void Fetching::show(const RemoteFile& file, uint64_t bytes) {
  if (!job_.progress.due()) return;
  const uint64_t done = before_ + bytes;
  const double seconds = std::max(monotonic_seconds() - began_, 0.001);
  const double rate = static_cast<double>(done - std::min(done, first_)) / seconds;
  std::string line = fmt::format("{}: {}", name_, format_bytes(static_cast<double>(done)));
  if (total_ > 0) line += " of " + format_bytes(static_cast<double>(total_));
  constexpr double kMeasured = 0.5;  // seconds, before which a rate says nothing
  if (seconds > kMeasured) line += fmt::format("  {}/s", format_bytes(rate));
  if (seconds > kMeasured && total_ > done && rate > 0)
    line += "  " + format_duration(static_cast<double>(total_ - done) / rate) + " left";
  job_.progress(line + "  " + file.path);  // last: it may be long, and lines end with the terminal
}

Result<StoredFile> Fetching::fetch(const Remote& remote, const RemoteFile& file) {
  const Path path = folder_ / file.path;
  MALMOI_ASSIGN(std::string sha256, remote.fetch(file, path, [&](uint64_t bytes) { show(file, bytes); }));
  const uint64_t size = bytes_there(path);
  before_ += size;
  return StoredFile{file.path, size, sha256};
}

Status keep_only(const Path& folder, const std::vector<StoredFile>& files) {
  std::error_code error;
  std::vector<Path> foreign;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (std::ranges::find(files, name, &StoredFile::path) == files.end()) foreign.push_back(entry.path());
  }
  for (const Path& path : foreign) fs::remove_all(path, error);
  if (error) return io_error("cannot clean up", folder.string(), error.value());
  return {};
}

}  // namespace malmoi::app
