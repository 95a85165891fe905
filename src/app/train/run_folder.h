// The folder of a training run: who may use it, and how what stands in it is replaced.
#pragma once

#include <functional>
#include <string>

#include "base/config.h"
#include "base/error.h"
#include "base/file.h"

namespace malmoi::app {

class RunFolder {
 public:
  /// Makes the folder and writes the resolved configuration into it. Errors: it holds a run already and `resume` is not
  /// set; it cannot be written.
  static Result<RunFolder> open(const Path& path, const ConfigDocument& document, bool resume);

  const Path& path() const { return path_; }
  Path operator/(const std::string& name) const { return path_ / name; }

  /// Has `write` fill a folder under a temporary name, which then takes the place of `name`. Killed at any moment, the
  /// old folder or the new one stands there whole, or for an instant neither.
  Status replace(const std::string& name, const std::function<Status(const Path& folder)>& write) const;

 private:
  explicit RunFolder(Path path) : path_(std::move(path)) {}
  Path path_;
};

}  // namespace malmoi::app
