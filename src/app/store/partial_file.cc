#include "app/store/partial_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace malmoi::app {

Result<PartialFile> PartialFile::open(const Path& path) {
  int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return io_error("cannot create", path.string(), errno);
  PartialFile file(fd, 0, path);
  struct stat info {};
  if (::fstat(fd, &info) != 0) return io_error("cannot read", path.string(), errno);
  if (!S_ISREG(info.st_mode)) return invalid_data("is not a regular file", path.string(), "remove it");
  file.size_ = static_cast<uint64_t>(info.st_size);
  return file;
}

PartialFile::PartialFile(PartialFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), size_(other.size_), path_(std::move(other.path_)) {}

PartialFile::~PartialFile() {
  if (fd_ >= 0) ::close(fd_);
}

Status PartialFile::append(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error("cannot write", path_.string(), errno);
    bytes.remove_prefix(static_cast<size_t>(n));
    size_ += static_cast<uint64_t>(n);
  }
  return {};
}

Status PartialFile::clear() {
  if (::ftruncate(fd_, 0) != 0) return io_error("cannot write", path_.string(), errno);
  size_ = 0;
  return {};
}

Status PartialFile::sync() {
  if (::fsync(fd_) != 0) return io_error("cannot sync", path_.string(), errno);
  return {};
}

}  // namespace malmoi::app
