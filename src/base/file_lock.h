// A lock on a folder or file that goes with its process: taken by one at a time, released by its death at the latest.
#pragma once

#include "base/error.h"
#include "base/file.h"

namespace malmoi {

/// Movable. The lock file stays: another one under its name would be another lock.
class FileLock {
 public:
  /// Creates the file where it is missing. Errors: it cannot be created.
  static Result<FileLock> open(const Path& file);
  /// False where someone else holds it, be it in this process; true where the file system has no locks.
  bool try_lock() const;
  /// Whether someone holds the lock of the file that a descriptor is of. To see it, it is taken for an instant, together with all
  /// others who look.
  static bool is_held(int fd);

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace malmoi
