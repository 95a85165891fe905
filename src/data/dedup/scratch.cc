#include "data/dedup/scratch.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace malmoi::data {
namespace {
constexpr size_t kBuffer = size_t{1} << 20;
}

Result<std::shared_ptr<ScratchFolder>> ScratchFolder::create(const Path& parent) {
  std::error_code code;
  Path base = parent.empty() ? std::filesystem::temp_directory_path(code) : parent;
  if (code) base = "/tmp";
  MALMOI_TRY(make_folder(base));
  std::string name = (base / "malmoi-scratch-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) return io_error("cannot make a scratch folder", base.string(), errno);
  return std::shared_ptr<ScratchFolder>(new ScratchFolder(name));
}

ScratchFolder::~ScratchFolder() {
  std::error_code code;
  std::filesystem::remove_all(folder_, code);
}

Result<ScratchFile> ScratchFile::create(const ScratchFolder& folder, const std::string& name) {
  Path path = folder.file(name);
  int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return io_error("cannot make a scratch file", path.string(), errno);
  ::unlink(path.c_str());
  return ScratchFile(fd, path.string());
}

ScratchFile::ScratchFile(ScratchFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      where_(std::move(other.where_)),
      buffer_(std::move(other.buffer_)),
      size_(other.size_) {}

ScratchFile& ScratchFile::operator=(ScratchFile&& other) noexcept {
  std::swap(fd_, other.fd_);
  where_ = std::move(other.where_);
  buffer_ = std::move(other.buffer_);
  size_ = other.size_;
  return *this;
}

ScratchFile::~ScratchFile() {
  if (fd_ >= 0) ::close(fd_);
}

Status ScratchFile::append(const void* data, size_t size) {
  std::string_view bytes(static_cast<const char*>(data), size);
  if (buffer_.size() + size < kBuffer) {
    buffer_ += bytes;
    size_ += size;
    return {};
  }
  MALMOI_TRY(flush());
  MALMOI_TRY(write(bytes));  // what is large is not held twice
  size_ += size;
  return {};
}

Status ScratchFile::flush() {
  MALMOI_TRY(write(buffer_));
  buffer_.clear();
  return {};
}

Status ScratchFile::write(std::string_view bytes) const {
  size_t done = 0;
  while (done < bytes.size()) {
    ssize_t n = ::write(fd_, bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      Error error = io_error("cannot write scratch data", where_, errno);
      error.remedy = "free some space there, or choose another scratch folder";
      return error;
    }
    done += static_cast<size_t>(n);
  }
  return {};
}

Status ScratchFile::read(uint64_t offset, void* out, size_t size) const {
  size_t done = 0;
  while (done < size) {
    ssize_t n = ::pread(fd_, static_cast<char*>(out) + done, size - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return io_error("cannot read scratch data", where_, n == 0 ? EIO : errno);
    done += static_cast<size_t>(n);
  }
  return {};
}

}  // namespace malmoi::data
