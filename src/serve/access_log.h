// A log of requests, one line of JSON each, that nobody waits for.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/job.h"

namespace malmoi::serve {

/// Lines are written on a thread of its own. Where the disk, or whoever reads the pipe, is slower than requests come, lines are
/// dropped and counted rather than kept. A file that was renamed (as logrotate does) is made anew within a second.
class AccessLog {
 public:
  /// `-`: stdout. `on_drop`: called for each line that is lost, from any thread. Errors: a file that cannot be written.
  static Result<std::unique_ptr<AccessLog>> open(const std::string& path, std::function<void()> on_drop, Warn warn);
  /// Writes what is left, within a second.
  ~AccessLog();

  /// Adds a line (without its end) and returns at once. Any thread.
  void write(std::string line);

 private:
  AccessLog(std::string path, int fd, std::function<void()> on_drop, Warn warn);
  void run();
  void follow_rename();
  void write_lines(const std::vector<std::string>& lines);
  bool write_all(const std::string& text);
  bool wait_for_room();
  bool past_end() const;

  std::string path_;
  int fd_;  // on the thread alone, as the next ones
  double next_look_ = 0;
  bool failing_ = false;
  std::function<void()> on_drop_;
  Warn warn_;
  mutable std::mutex mutex_;
  std::condition_variable some_;
  std::vector<std::string> lines_;  // guarded by mutex_, as the next ones
  size_t bytes_ = 0;
  double end_ = 0;  // when whatever is left is given up; 0: nobody asked to stop
  std::thread thread_;
};

}  // namespace malmoi::serve
