// The one process of training that the server starts: `malmoi train --resume` of a run.
#pragma once

#include <sys/types.h>

#include <mutex>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/json.h"
#include "base/open_folder.h"

namespace malmoi::app {

inline constexpr const char* kResumeLog = "resume.log";

/// At most one at a time, as a child of this process: it has the machine's cores to itself as a run by hand has. It writes what it
/// says to resume.log in the run. It is asked to stop, and leaves a checkpoint, when this goes away. Any thread.
class Trainer {
 public:
  /// `program`: what is run; by default this very one.
  explicit Trainer(Path program = "/proc/self/exe") : program_(std::move(program)) {}
  ~Trainer();
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  /// Errors: one is at work (kUsage); the system does not start it.
  Status resume(const OpenFolder& folder, const std::string& name);
  /// Asks the one that is at work to stop after its step and leave a checkpoint, as Ctrl-C does, and does not wait for it.
  void ask_to_stop();
  /// The run that it is at work on; empty: none.
  std::string working_on();
  /// How the last one that was started here for a run ended: {"exit"} or {"signal"}; null: it has not, or there was none.
  Json ended(const std::string& name);

 private:
  bool reap();
  void ask();

  const Path program_;
  std::mutex mutex_;
  pid_t process_ = 0;   // 0: none; guarded by mutex_, as what follows
  bool asked_ = false;  // to stop; once, since twice means at once
  std::string name_;
  Json end_ = nullptr;
};

}  // namespace malmoi::app
