#include "app/recipe/file_index.h"

#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <chrono>

#include "base/json.h"

namespace malmoi::app {
namespace {

Hash128 from_hex(std::string_view text) {
  Hash128 hash;
  if (text.size() != 32) return hash;
  std::from_chars(text.data(), text.data() + 16, hash.high, 16);
  std::from_chars(text.data() + 16, text.data() + 32, hash.low, 16);
  return hash;
}

}  // namespace

FileIndex::FileIndex(Path store) : store_(std::move(store)) {
  Result<std::string> text = read_file(store_);
  if (!text.ok()) return;
  // Lines of "size changed hash path": a tree of JSON would cost more than the hashes.
  for (size_t at = 0; at < text->size();) {
    size_t end = text->find('\n', at);
    if (end == std::string::npos) break;
    std::string_view line(text->data() + at, end - at);
    at = end + 1;
    Entry entry;
    auto size = std::from_chars(line.data(), line.data() + line.size(), entry.size);
    if (size.ec != std::errc() || size.ptr == line.data() + line.size()) continue;
    auto changed = std::from_chars(size.ptr + 1, line.data() + line.size(), entry.changed);
    std::string_view rest = line.substr(static_cast<size_t>(changed.ptr - line.data()));
    if (changed.ec != std::errc() || rest.size() < 35 || rest[0] != ' ' || rest[33] != ' ') continue;
    entry.hash = from_hex(rest.substr(1, 32));
    entries_[std::string(rest.substr(34))] = entry;
  }
}

Result<Hash128> FileIndex::hash_file(const Path& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return io_error("cannot read", file.string(), errno);
  Entry now{static_cast<uint64_t>(info.st_size), info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec, {}};
  std::error_code ignored;
  Path absolute = std::filesystem::absolute(file, ignored);
  Entry& known = entries_[absolute.string()];
  if (known.size == now.size && known.changed == now.changed && now.changed != 0) return known.hash;
  MALMOI_ASSIGN(MappedFile mapped, MappedFile::open(file));
  now.hash = hash128(mapped.text());
  known = now;
  // Clocks of file systems tick in milliseconds: what changed just now may change again without a new time.
  auto age = std::chrono::system_clock::now().time_since_epoch() - std::chrono::nanoseconds(now.changed);
  if (age < std::chrono::milliseconds(200)) known.changed = 0;
  return now.hash;
}

Result<Hash128> FileIndex::hash(const Path& path) {
  std::error_code ignored;
  if (std::filesystem::is_regular_file(path, ignored)) return hash_file(path);
  MALMOI_ASSIGN(std::vector<Path> files, list_files(path));
  std::string all;
  for (const Path& file : files) {
    if (file.extension() == ".tmp") continue;
    MALMOI_ASSIGN(Hash128 hash, hash_file(file));
    all += file.lexically_relative(path).string() + '\0' + to_hex(hash) + '\n';
  }
  return hash128(all);
}

Status FileIndex::save() const {
  std::string text;
  for (const auto& [path, entry] : entries_) {
    if (path.find('\n') != std::string::npos) continue;
    text +=
        std::to_string(entry.size) + " " + std::to_string(entry.changed) + " " + to_hex(entry.hash) + " " + path + "\n";
  }
  return write_file(store_, text);
}

}  // namespace malmoi::app
