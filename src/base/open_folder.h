// A folder in which others may name things: only what stands in it under a single name is reached, never through a link.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace malmoi {

/// Whether a text can only name something that stands in a folder itself: neither empty, `.` nor `..`, without `/`, control
/// characters and NUL, 255 bytes at most.
bool is_single_name(std::string_view name);

/// Movable. Everything is opened from the descriptor of the folder (openat, O_NOFOLLOW), so no name leads out of it, whatever is
/// renamed meanwhile. Any thread.
class OpenFolder {
 public:
  /// Of the user's own path, in which links are followed. Errors: not there, no folder.
  static Result<OpenFolder> open(const Path& path);
  OpenFolder(OpenFolder&& other) noexcept;
  OpenFolder& operator=(OpenFolder&& other) noexcept;
  ~OpenFolder();

  /// A folder that stands here. Errors: `name` is no single name, nothing is there, it is a link or no folder.
  Result<OpenFolder> folder(std::string_view name) const;
  /// A descriptor of a regular file that stands here, for reading, which the caller closes. Errors: as above.
  Result<int> file(std::string_view name) const;
  /// Its content. Errors: as above; more than `limit` bytes.
  Result<std::string> read(std::string_view name, uint64_t limit) const;
  /// A descriptor of a file for writing, made where it is missing and emptied where it is not, which the caller closes.
  Result<int> write(std::string_view name) const;
  /// Seconds since 1970 of the last change of a regular file that stands here; 0 where there is none.
  int64_t changed(std::string_view name) const;
  /// Whether a regular file stands here.
  bool has(std::string_view name) const;
  /// The names of the folders that stand here, sorted; those that begin with a dot are passed over. At most `most`.
  std::vector<std::string> folders(size_t most) const;

  const Path& path() const { return path_; }  // for messages and for other programs

 private:
  OpenFolder(int fd, Path path) : fd_(fd), path_(std::move(path)) {}
  Result<int> open_here(std::string_view name, int flags) const;

  int fd_ = -1;
  Path path_;
};

}  // namespace malmoi
