#include "serve/access_log.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

#include "base/log.h"

namespace malmoi::serve {
namespace {

constexpr size_t kMostBytes = 16 << 20;  // of lines that wait to be written
constexpr double kSecondsToEnd = 1;      // for what is left when the server ends
constexpr double kSecondsBetweenLooks = 1;
constexpr int kPollMilliseconds = 100;
constexpr const char* kStdout = "-";

// For the owner alone: addresses, and with --log-prompts what people wrote, are nobody else's.
int open_log(const std::string& path) {
  return ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0600);
}

// A reader of the pipe that went away is an error of a write, not the end of the program.
void hold_pipe_signal() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace

Result<std::unique_ptr<AccessLog>> AccessLog::open(const std::string& path, std::function<void()> on_drop, Warn warn) {
  const int fd = path == kStdout ? ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0) : open_log(path);
  if (fd < 0) return io_error("cannot write the access log", path, errno);
  return std::unique_ptr<AccessLog>(new AccessLog(path, fd, std::move(on_drop), std::move(warn)));
}

AccessLog::AccessLog(std::string path, int fd, std::function<void()> on_drop, Warn warn)
    : path_(std::move(path)), fd_(fd), on_drop_(std::move(on_drop)), warn_(std::move(warn)) {
  thread_ = std::thread([this] { run(); });
}

AccessLog::~AccessLog() {
  {
    std::lock_guard lock(mutex_);
    end_ = monotonic_seconds() + kSecondsToEnd;
  }
  some_.notify_one();
  thread_.join();
  ::close(fd_);
}

void AccessLog::write(std::string line) {
  {
    std::lock_guard lock(mutex_);
    if (bytes_ + line.size() <= kMostBytes) {
      bytes_ += line.size();
      lines_.push_back(std::move(line));
      some_.notify_one();
      return;
    }
  }
  on_drop_();
}

void AccessLog::run() {
  hold_pipe_signal();
  while (true) {
    std::vector<std::string> lines;
    {
      std::unique_lock lock(mutex_);
      some_.wait(lock, [this] { return !lines_.empty() || end_ > 0; });
      if (lines_.empty()) return;
      lines.swap(lines_);
      bytes_ = 0;
    }
    follow_rename();
    write_lines(lines);
  }
}

void AccessLog::follow_rename() {
  if (path_ == kStdout || monotonic_seconds() < next_look_) return;
  next_look_ = monotonic_seconds() + kSecondsBetweenLooks;
  struct stat there {};
  struct stat here {};
  const bool same = ::stat(path_.c_str(), &there) == 0 && ::fstat(fd_, &here) == 0 && there.st_dev == here.st_dev &&
                    there.st_ino == here.st_ino;
  if (same) return;
  if (const int fd = open_log(path_); fd >= 0) ::close(std::exchange(fd_, fd));
}

void AccessLog::write_lines(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    const bool written = write_all(line + "\n");
    if (!written) on_drop_();
    if (!written && !failing_) warn_("the access log " + path_ + " cannot be written; lines of it are lost");
    failing_ = !written;
  }
}

// In pieces that a pipe takes at once when it takes any, so that one whom nobody reads holds up the end of the server no longer
// than a look.
bool AccessLog::write_all(const std::string& text) {
  for (size_t at = 0; at < text.size();) {
    if (!wait_for_room()) return false;
    const ssize_t written = ::write(fd_, text.data() + at, std::min<size_t>(text.size() - at, PIPE_BUF));
    if (written < 0 && errno != EINTR && errno != EAGAIN) return false;
    if (written > 0) at += static_cast<size_t>(written);
  }
  return true;
}

bool AccessLog::wait_for_room() {
  while (!past_end()) {
    pollfd look{.fd = fd_, .events = POLLOUT, .revents = 0};
    if (::poll(&look, 1, kPollMilliseconds) > 0) return true;
  }
  return false;
}

bool AccessLog::past_end() const {
  std::lock_guard lock(mutex_);
  return end_ > 0 && monotonic_seconds() > end_;
}

}  // namespace malmoi::serve
