// The folder of a training run: who may use it, and how what stands in it is replaced.
#pragma once

#include <functional>
#include <string>

#include "base/config.h"
#include "base/error.h"
#include "base/file.h"
#include "base/file_lock.h"

namespace malmoi::app {

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

 private:
  RunFolder(Path path, FileLock lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  Path path_;
  FileLock lock_;
};

}  // namespace malmoi::app
