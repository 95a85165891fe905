#include "base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/descriptor.h"
#include "base/mapped_files.h"
#include "base/open_file.h"

namespace malmoi {
namespace {

Status write_all(int fd, std::string_view bytes, const std::string& where) {
  while (!bytes.empty()) {
    ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0) {
      if (errno == EINTR) continue;
      return io_error("cannot write", where, errno);
    }
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

Status sync_folder(const Path& file) {
  Path folder = file.parent_path().empty() ? Path(".") : file.parent_path();
  Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Some file systems cannot sync a folder; the rename itself is still atomic there.
  if (fd.get() >= 0 && ::fsync(fd.get()) != 0 && errno != EINVAL && errno != EROFS)
    return io_error("cannot sync the folder", folder.string(), errno);
  return {};
}

}  // namespace

bool exists(const Path& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

Result<std::string> read_file(const Path& path, uint64_t limit) {
  MALMOI_ASSIGN(int opened, open_to_read(path));
  Descriptor fd(opened);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return io_error("cannot read", path.string(), errno);
  if (S_ISDIR(info.st_mode)) return invalid_data("is a folder, a file was expected", path.string());
  std::string content;
  if (info.st_size > 0) content.reserve(static_cast<size_t>(std::min<uint64_t>(info.st_size, limit)) + 1);
  char buffer[1 << 16];
  while (true) {
    ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
    if (n < 0) {
      if (errno == EINTR) continue;
      return io_error("cannot read", path.string(), errno);
    }
    if (n == 0) return content;
    content.append(buffer, static_cast<size_t>(n));
    if (content.size() > limit)
      return invalid_data("is larger than " + std::to_string(limit) + " bytes", path.string());
  }
}

Status write_file(const Path& path, std::string_view content) {
  MALMOI_ASSIGN(AtomicFile file, AtomicFile::create(path));
  MALMOI_TRY(file.write(content));
  return file.commit();
}

Status make_folder(const Path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return io_error("cannot create the folder", path.string(), error.value());
  return {};
}

Result<std::vector<Path>> list_files(const Path& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  fs::file_status status = fs::status(path, error);
  if (error || status.type() == fs::file_type::not_found)
    return io_error("cannot open", path.string(), error ? error.value() : ENOENT);
  if (status.type() != fs::file_type::directory) return std::vector<Path>{path};
  std::vector<Path> files;
  fs::recursive_directory_iterator it(path, fs::directory_options::skip_permission_denied, error), end;
  if (error) return io_error("cannot list", path.string(), error.value());
  while (it != end) {
    std::error_code ignored;
    if (it->is_regular_file(ignored)) files.push_back(it->path());
    it.increment(error);
    if (error) return io_error("cannot list", path.string(), error.value());
  }
  std::sort(files.begin(), files.end());
  return files;
}

Result<MappedFile> MappedFile::open(const Path& path) {
  MALMOI_ASSIGN(int opened, open_to_read(path));
  Descriptor fd(opened);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return io_error("cannot read", path.string(), errno);
  if (!S_ISREG(info.st_mode)) return invalid_data("is not a regular file", path.string());
  MappedFile file;
  if (info.st_size == 0) return file;
  void* data = ::mmap(nullptr, static_cast<size_t>(info.st_size), PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (data == MAP_FAILED) return io_error("cannot map", path.string(), errno);
  file.data_ = static_cast<const std::byte*>(data);
  file.size_ = static_cast<size_t>(info.st_size);
  add_mapped_file(data, file.size_, path, info);
  return file;
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

Status MappedFile::check() const { return check_mapped_file(data_); }

MappedFile::~MappedFile() {
  if (!data_) return;
  remove_mapped_file(data_);
  ::munmap(const_cast<std::byte*>(data_), size_);
}

Status check_all(std::span<const MappedFile> files) {
  for (const MappedFile& file : files) MALMOI_TRY(file.check());
  return {};
}

struct AtomicFile::State {
  Path path;
  Path temporary;
  int fd = -1;
  std::string buffer;
  uint64_t size = 0;
  std::optional<Error> failed;

  ~State() {
    if (fd >= 0) {
      ::close(fd);
      ::unlink(temporary.c_str());
    }
  }
  Status flush() {
    if (failed) return *failed;
    Status done = write_all(fd, buffer, path.string());
    buffer.clear();
    if (!done.ok()) failed = done.error();
    return done;
  }
};

AtomicFile::AtomicFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
AtomicFile::AtomicFile(AtomicFile&&) noexcept = default;
AtomicFile& AtomicFile::operator=(AtomicFile&&) noexcept = default;
AtomicFile::~AtomicFile() = default;

Result<AtomicFile> AtomicFile::create(const Path& path) {
  auto state = std::make_unique<State>();
  state->path = path;
  state->temporary = path;
  state->temporary += "." + std::to_string(::getpid()) + ".tmp";
  state->fd = ::open(state->temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (state->fd < 0) return io_error("cannot create", path.string(), errno);
  return AtomicFile(std::move(state));
}

Status AtomicFile::write(std::string_view bytes) {
  constexpr size_t kBuffer = 1 << 20;
  state_->size += bytes.size();
  if (state_->buffer.size() + bytes.size() > kBuffer) MALMOI_TRY(state_->flush());
  if (state_->failed) return *state_->failed;
  if (bytes.size() < kBuffer) {
    state_->buffer.append(bytes);
    return {};
  }
  Status done = write_all(state_->fd, bytes, state_->path.string());
  if (!done.ok()) state_->failed = done.error();
  return done;
}

uint64_t AtomicFile::size() const { return state_->size; }

Status AtomicFile::commit() {
  MALMOI_TRY(state_->flush());
  if (::fsync(state_->fd) != 0) return io_error("cannot sync", state_->path.string(), errno);
  if (::rename(state_->temporary.c_str(), state_->path.c_str()) != 0)
    return io_error("cannot rename into place", state_->path.string(), errno);
  ::close(std::exchange(state_->fd, -1));
  return sync_folder(state_->path);
}

}  // namespace malmoi
