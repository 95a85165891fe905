// A program of the user's that answers a line for each line, for as long as it lives.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/job.h"
#include "base/pipes.h"

namespace malmoi::reward {

/// It runs with the rights, folders and environment of whoever started it, in a process group of its own. One thread.
class ProgramProcess {
 public:
  ProgramProcess() = default;
  /// Ends it: its input is closed; what is still there half a second later is killed.
  ~ProgramProcess() { end(); }
  ProgramProcess(const ProgramProcess&) = delete;
  ProgramProcess& operator=(const ProgramProcess&) = delete;

  /// Errors: no such program, no right to run it.
  Status start(const std::vector<std::string>& command);
  bool is_running() const { return pid_ > 0; }
  /// Whether it has answered since it was started.
  bool has_answered() const { return answers_ > 0; }

  struct Answer {
    std::string line;
    /// Not empty: it died, was silent for too long, or printed too much. It was ended, and must be started again.
    std::string failure;
  };
  /// Writes a line (`request` ends with a line feed) and waits for one. Errors: kCancelled.
  Result<Answer> ask(std::string_view request, double seconds, const StopToken& stop);
  /// Kills it and its children.
  void kill();

 private:
  bool wait_for_end(double seconds);
  void end();
  Answer fail(std::string why);
  void step(std::string_view& request, double seconds);
  std::string death();

  pid_t pid_ = -1;
  Descriptor in_, out_, err_;
  std::string output_, errors_;
  int status_ = 0;
  int64_t answers_ = 0;
};

}  // namespace malmoi::reward
