// The workshop of one pull: a folder that no other process works in.
#pragma once

#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/file_lock.h"

namespace malmoi::app {

/// Held while a model is fetched or removed; let go with its process. Movable.
class PullLock {
 public:
  /// `entry`: the name of the model in the store. Errors: another process works on it; the folder cannot be made.
  static Result<PullLock> take(const std::string& entry);
  /// STORE/.pull/OWNER--NAME of an entry.
  static Path folder_of(const std::string& entry);
  /// The same of this one: where files stand until all of them are there; it may not exist.
  const Path& folder() const { return folder_; }

 private:
  PullLock(FileLock lock, Path folder) : lock_(std::move(lock)), folder_(std::move(folder)) {}

  FileLock lock_;
  Path folder_;
};

}  // namespace malmoi::app
