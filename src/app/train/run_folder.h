// The folder of a training run: who may use it, and how what stands in it is replaced.
#pragma once

#include <functional>
#include <string>

#include "base/config.h"
#include "base/error.h"
#include "base/file.h"
#include "base/file_lock.h"

namespace malmoi::app {

/// Whoever puts a file of this name into a run's folder has the run stop after its step, as Ctrl-C does.
inline constexpr const char* kStopFile = "stop";
/// What is known of a run when its steps begin: see docs/training.md.
inline constexpr const char* kBegunFile = "begun.json";
inline constexpr const char* kBeforeFile = "before.json";  // figures of the evaluation before the first step

class RunFolder {
 public:
  /// Makes the folder, takes it for this process alone as long as the object lives, and writes the resolved configuration
  /// into it. Errors: another run is at work in it; it holds a run already and `resume` is not set; it cannot be written.
  static Result<RunFolder> open(const Path& path, const ConfigDocument& document, bool resume);

  const Path& path() const { return path_; }
  Path operator/(const std::string& name) const { return path_ / name; }

  /// Has `write` fill a folder under a temporary name, which then takes the place of `name`. Killed at any moment, the
  /// old folder or the new one stands there whole, or for an instant neither.
  Status replace(const std::string& name, const std::function<Status(const Path& folder)>& write) const;

  /// Whether the file that asks the run to stop stands there.
  bool stop_requested() const { return malmoi::exists(path_ / kStopFile); }
  /// Takes that file away; also when a run begins, whom one that was left does not mean.
  void forget_stop() const;

 private:
  RunFolder(Path path, FileLock lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  Path path_;
  FileLock lock_;
};

}  // namespace malmoi::app
