#include "train/metrics_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/json_read.h"

namespace malmoi::train {
namespace {

// Lines that wait for space: beyond this, about a hundred thousand steps, the newest are not kept.
constexpr size_t kMostWaiting = 16 << 20;

std::string line_of(const StepMetrics& m) {
  Json line = {{"step", m.step}, {"loss", m.loss},     {"grad_norm", m.grad_norm},
               {"lr", m.lr},     {"tokens", m.tokens}, {"tokens_per_second", m.tokens_per_second}};
  if (m.skipped) line["skipped"] = true;
  if (m.valid_loss) line["valid_loss"] = *m.valid_loss;
  for (const auto& [name, value] : m.figures) line[name] = value;
  for (const auto& [name, values] : m.lists) line[name] = values;
  return dump_json(line) + "\n";
}

struct KeptLines {
  std::string text;
  int64_t damaged = 0;
};

KeptLines lines_before(std::string_view text, int64_t first_step) {
  KeptLines kept;
  int64_t next = 0;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = text.find('\n', begin);
    if (end == std::string_view::npos) break;  // cut short by a kill
    std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    std::optional<int64_t> step = step_of_line(line);
    if (step && *step >= first_step) break;
    if (!step) ++kept.damaged;
    if (!step || *step < next) continue;
    kept.text.append(line).push_back('\n');
    next = *step + 1;
  }
  return kept;
}

}  // namespace

std::optional<int64_t> step_of_line(std::string_view line) {
  auto json = parse_json(line, "");
  if (!json.ok()) return {};
  return json_count(*json, "step");
}

MetricsFile::~MetricsFile() {
  if (fd_ >= 0) ::close(fd_);
}

Result<int64_t> MetricsFile::open(const Path& path, int64_t first_step) {
  KeptLines kept;
  if (malmoi::exists(path)) {
    MALMOI_ASSIGN(std::string text, read_file(path));
    kept = lines_before(text, first_step);
  }
  MALMOI_TRY(write_file(path, kept.text));
  path_ = path;
  size_ = static_cast<int64_t>(kept.text.size());
  fd_ = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (fd_ < 0) return io_error("cannot open", path.string(), errno);
  return kept.damaged;
}

Status MetricsFile::add(const StepMetrics& metrics) {
  if (waiting_.size() < kMostWaiting) waiting_ += line_of(metrics);
  return write_waiting();
}

Status MetricsFile::write_waiting() {
  size_t done = 0;
  Status status;
  while (done < waiting_.size() && status.ok()) {
    size_t length = waiting_.find('\n', done) + 1 - done;
    ssize_t written = ::write(fd_, waiting_.data() + done, length);
    if (written < 0 && errno == EINTR) continue;
    if (written == static_cast<ssize_t>(length)) {
      done += length;
      size_ += static_cast<int64_t>(length);
      continue;
    }
    // A part of a line would spoil the one after it.
    int reason = written < 0 ? errno : ENOSPC;
    if (written > 0 && ::ftruncate(fd_, size_) != 0) reason = errno;
    status = io_error("cannot write", path_.string(), reason);
  }
  waiting_.erase(0, done);
  return status;
}

}  // namespace malmoi::train
