// Files: whole reads, memory maps, and writes that are atomic (temporary name, synced, renamed).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace malmoi {

using Path = std::filesystem::path;

/// Whether something stands at a path; false for one that the system cannot look at (too long, no right).
bool exists(const Path& path);

/// The whole content of a file. Errors: not found, unreadable, a folder, larger than `limit` bytes.
Result<std::string> read_file(const Path& path, uint64_t limit = UINT64_MAX);

/// Replaces `path` by `content` in one step: readers see the old file or the new one, never a part.
Status write_file(const Path& path, std::string_view content);

/// Creates a folder and its parents.
Status make_folder(const Path& path);

/// Every regular file under `path`, sorted by path; `path` itself if it is a file.
Result<std::vector<Path>> list_files(const Path& path);

/// A file mapped for reading. Movable; the bytes live as long as the object. An empty file maps to an empty span.
class MappedFile {
 public:
  static Result<MappedFile> open(const Path& path);
  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }
  size_t size() const { return size_; }
  /// Whether the file is as it was when it was opened, as far as is known (base/mapped_files.h): a look at a counter, where all files
  /// are. Errors: kIo, it lost pages or was seen to have changed.
  Status check() const;

 private:
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

/// The first error of their checks.
Status check_all(std::span<const MappedFile> files);

/// A file being written under a temporary name; `commit` syncs and renames it, the destructor removes what was not
/// committed. Writes are buffered. After a failed write every further call returns the first error.
class AtomicFile {
 public:
  static Result<AtomicFile> create(const Path& path);
  AtomicFile(AtomicFile&&) noexcept;
  AtomicFile& operator=(AtomicFile&&) noexcept;
  ~AtomicFile();

  Status write(std::string_view bytes);
  Status write(const void* data, size_t size) { return write({static_cast<const char*>(data), size}); }
  uint64_t size() const;
  Status commit();

 private:
  struct State;
  explicit AtomicFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace malmoi
