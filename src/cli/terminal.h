// Where work speaks with the user of the program: lines on stderr, and Ctrl-C. It is what fills a Job.
#pragma once

#include <string>

#include "base/job.h"
#include "base/log.h"

namespace malmoi::cli {

/// The live line, messages and warnings on stderr; a stop when SIGINT or SIGTERM comes, a second one of which ends the
/// process at once. One in a process.
class Terminal {
 public:
  Terminal();
  const Job& job() const { return job_; }
  /// Leaves the live line as it is, or `text` in its place.
  void finish(const std::string& text = {}) { line_.finish(text); }
  bool stopped() const { return job_.stop.requested(); }
  /// Takes the user's stop back, to go on with something else.
  void go_on();

 private:
  ProgressLine line_;
  Job job_;
};

}  // namespace malmoi::cli
