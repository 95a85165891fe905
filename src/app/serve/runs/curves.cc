#include "app/serve/runs/curves.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <string_view>

#include "base/descriptor.h"
#include "base/json_read.h"

namespace malmoi::app {
namespace {

constexpr int64_t kMostAtOnce = 4 << 20;  // bytes of a file, some ten thousand steps
constexpr size_t kLongestStep = 1 << 20;  // bytes of a line; longer ones are no steps and are passed over
constexpr size_t kMostCurves = 64;        // an objective tells a few figures; more are somebody else's file
constexpr size_t kMostSkipped = 1000;
// What a line says beside its values.
constexpr std::string_view kOthers[] = {"step", "tokens", "skipped"};

// Reads up to `most` bytes from `offset`.
Result<std::string> read_from(int fd, int64_t offset, size_t most, const std::string& name) {
  std::string text(most, '\0');
  size_t size = 0;
  while (size < most) {
    const ssize_t n = ::pread(fd, text.data() + size, most - size, offset + static_cast<int64_t>(size));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error("cannot read", name, errno);
    if (n == 0) break;
    size += static_cast<size_t>(n);
  }
  text.resize(size);
  return text;
}

void cut_lines(std::string& text, std::vector<std::string>& lines) {
  size_t begin = 0;
  for (size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    if (end - begin <= kLongestStep) lines.push_back(text.substr(begin, end - begin));
  }
  text.erase(0, begin);
  if (text.size() > kLongestStep) text.resize(kLongestStep + 1);  // and no more of it
}

}  // namespace

Result<GrowingLines::Read> GrowingLines::next(const OpenFolder& folder, const std::string& name) {
  Read read;
  if (!folder.has(name)) return read;
  MALMOI_ASSIGN(const int fd, folder.file(name));
  const Descriptor file(fd);
  struct stat info {};
  if (::fstat(fd, &info) != 0) return io_error("cannot look at", name, errno);
  const auto device = static_cast<uint64_t>(info.st_dev), inode = static_cast<uint64_t>(info.st_ino);
  if (device != device_ || inode != inode_ || info.st_size < offset_) {
    read.anew = inode_ != 0;
    device_ = device;
    inode_ = inode;
    offset_ = 0;
    rest_.clear();
  }
  const int64_t fresh = std::min(info.st_size - offset_, kMostAtOnce);
  MALMOI_ASSIGN(const std::string text, read_from(fd, offset_, static_cast<size_t>(fresh), name));
  offset_ += static_cast<int64_t>(text.size());
  read.more = !text.empty() && offset_ < info.st_size;
  rest_ += text;
  cut_lines(rest_, read.lines);
  return read;
}

void Curves::add(const std::string& line) {
  auto json = parse_json(line, "");
  if (!json.ok() || !json->is_object()) return;
  const std::optional<int64_t> step = json_count(*json, "step");
  if (!step || *step <= last_step_) return;
  last_step_ = *step;
  const double tokens = static_cast<double>(json_count(*json, "tokens").value_or(0));
  const double rate = json_number(*json, "tokens_per_second").value_or(0);
  tokens_ += tokens;
  if (rate > 0) seconds_ += tokens / rate;
  if (*step <= after_) return;
  for (const auto& [name, value] : json->items()) {
    const bool other = std::ranges::find(kOthers, name) != std::end(kOthers);
    if (other || !(value.is_number() || value.is_null())) continue;
    add_value(name, value.is_number() ? value.get<double>() : NAN);
  }
  const auto skipped = json->find("skipped");
  if (skipped != json->end() && skipped->is_boolean() && skipped->get<bool>()) skipped_.push_back(*step);
  if (skipped_.size() > kMostSkipped) skipped_.erase(skipped_.begin());
}

void Curves::add_value(const std::string& name, double value) {
  auto found = std::ranges::find(curves_, name, &std::pair<std::string, Thinned>::first);
  if (found == curves_.end()) {
    if (curves_.size() == kMostCurves) return;
    curves_.emplace_back(name, Thinned());
    found = curves_.end() - 1;
  }
  found->second.add({last_step_, tokens_, seconds_, value});
}

void Curves::forget_points() {
  curves_.clear();
  skipped_.clear();
}

Json Curves::to_json() const {
  Json series = Json::object();
  for (const auto& [name, curve] : curves_)
    series[name] = {{"points", app::to_json(curve.points())}, {"count", curve.added()}};
  return {{"last_step", last_step_}, {"series", std::move(series)}, {"skipped", skipped_}};
}

}  // namespace malmoi::app
