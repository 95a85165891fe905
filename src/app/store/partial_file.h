// A file that is being fetched: what is there stays when the work ends early, and the next try goes on behind it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file.h"

namespace malmoi::app {

/// Movable; one thread. Errors of the system name the file.
class PartialFile {
 public:
  /// Creates the file, or opens what is there.
  static Result<PartialFile> open(const Path& path);
  PartialFile(PartialFile&& other) noexcept;
  ~PartialFile();

  uint64_t size() const { return size_; }
  Status append(std::string_view bytes);
  /// Begins again with nothing.
  Status clear();
  /// On the disk, not in the system's memory alone.
  Status sync();

 private:
  PartialFile(int fd, uint64_t size, Path path) : fd_(fd), size_(size), path_(std::move(path)) {}

  int fd_ = -1;
  uint64_t size_ = 0;
  Path path_;
};

/// Calls `take` with the bytes of a file, piece by piece. Errors: unreadable; `take` gives one.
template <typename Take>
Status read_pieces(const Path& path, Take take) {
  MALMOI_ASSIGN(MappedFile file, MappedFile::open(path));
  constexpr size_t kPiece = size_t{4} << 20;
  for (std::string_view left = file.text(); !left.empty(); left.remove_prefix(std::min(kPiece, left.size())))
    MALMOI_TRY(take(left.substr(0, kPiece)));
  return {};
}

}  // namespace malmoi::app
