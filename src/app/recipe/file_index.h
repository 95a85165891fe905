// Content hashes of files and folders, remembered by size and time of change, so that a large corpus is read once.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"

namespace malmoi::app {

class FileIndex {
 public:
  /// `store` keeps the hashes between runs; a missing or damaged one is the same as an empty one.
  explicit FileIndex(Path store);
  /// The hash of a file's content, or of a folder's file names and contents (unfinished `*.tmp` files left out). A file
  /// whose size and time of change are those remembered is not read again. Errors: nothing there; unreadable.
  Result<Hash128> hash(const Path& path);
  Status save() const;

 private:
  struct Entry {
    uint64_t size = 0;
    int64_t changed = 0;  // nanoseconds
    Hash128 hash;
  };
  Result<Hash128> hash_file(const Path& file);
  Path store_;
  std::map<std::string, Entry> entries_;
};

}  // namespace malmoi::app
