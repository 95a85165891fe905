// Where work speaks with the user of the program: lines on stderr, and Ctrl-C. It is what fills a Job.
#pragma once

#include <string>
#include <string_view>

#include "app/data/json_lines.h"
#include "base/job.h"
#include "base/log.h"

namespace malmoi::cli {

/// Text that came from elsewhere, such as from a model, as stdout should have it: on a terminal its control characters are
/// shown (base/shown.h), so that it commands nothing; as it is in pipes and files.
std::string for_stdout(std::string_view text);
/// Writes lines to stdout as for_stdout() has them.
app::LineSink stdout_lines();

/// The live line, messages and warnings on stderr; a stop when SIGINT or SIGTERM comes, a second one of which ends the
/// process at once. One in a process.
class Terminal {
 public:
  Terminal();
  const Job& job() const { return job_; }
  /// Leaves the live line as it is, or `text` in its place.
  void finish(const std::string& text = {}) { line_.finish(text); }
  bool stopped() const { return job_.stop.requested(); }
  /// Whether the program was told to end (SIGTERM), not only what it does.
  bool terminated() const;
  /// Takes the user's stop back, to go on with something else.
  void go_on();

 private:
  ProgressLine line_;
  Job job_;
};

}  // namespace malmoi::cli
