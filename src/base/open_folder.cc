#include "base/open_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <utility>

#include "base/descriptor.h"

namespace malmoi {
namespace {

constexpr size_t kLongestName = 255;  // NAME_MAX of the file systems of Linux

// What a link in place of a file is told as: O_NOFOLLOW says ELOOP, with O_DIRECTORY ENOTDIR.
Error open_error(std::string_view name, int reason) {
  const std::string where(name);
  if (reason == ENOENT) return not_found("there is nothing of this name", where);
  if (reason == ELOOP || reason == ENOTDIR) return not_found("is a link or of another kind, which is not shown", where);
  return io_error("cannot open", where, reason);
}

// What is known of a regular file in a folder.
std::optional<struct stat> look(int folder, std::string_view name) {
  struct stat info {};
  if (!is_single_name(name) || ::fstatat(folder, std::string(name).c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return {};
  if (!S_ISREG(info.st_mode)) return {};
  return info;
}

}  // namespace

bool is_single_name(std::string_view name) {
  if (name.empty() || name.size() > kLongestName || name == "." || name == "..") return false;
  return std::ranges::none_of(name,
                              [](char c) { return c == '/' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

Result<OpenFolder> OpenFolder::open(const Path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return io_error("cannot open the folder", path.string(), errno);
  std::error_code failed;
  Path whole = std::filesystem::canonical(path, failed);
  return OpenFolder(fd, failed ? path : std::move(whole));
}

OpenFolder::OpenFolder(OpenFolder&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}

OpenFolder& OpenFolder::operator=(OpenFolder&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(path_, other.path_);
  return *this;
}

OpenFolder::~OpenFolder() {
  if (fd_ >= 0) ::close(fd_);
}

Result<int> OpenFolder::open_here(std::string_view name, int flags) const {
  if (!is_single_name(name)) return not_found("is not the name of something here", std::string(name));
  constexpr int kMode = 0644;
  const int fd = ::openat(fd_, std::string(name).c_str(), flags | O_NOFOLLOW | O_CLOEXEC, kMode);
  if (fd < 0) return open_error(name, errno);
  return fd;
}

Result<OpenFolder> OpenFolder::folder(std::string_view name) const {
  MALMOI_ASSIGN(const int fd, open_here(name, O_RDONLY | O_DIRECTORY));
  return OpenFolder(fd, path_ / name);
}

Result<int> OpenFolder::file(std::string_view name) const {
  // Without O_NONBLOCK the call itself would wait for whoever writes into a named pipe.
  MALMOI_ASSIGN(const int fd, open_here(name, O_RDONLY | O_NONBLOCK));
  struct stat info {};
  if (::fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) return fd;
  ::close(fd);
  return open_error(name, ENOTDIR);
}

Result<std::string> OpenFolder::read(std::string_view name, uint64_t limit) const {
  MALMOI_ASSIGN(const int fd, file(name));
  const Descriptor open(fd);
  std::string text;
  char piece[1 << 16];
  while (true) {
    const ssize_t n = ::read(fd, piece, sizeof piece);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error("cannot read", std::string(name), errno);
    if (n == 0) return text;
    text.append(piece, static_cast<size_t>(n));
    if (text.size() > limit) return invalid_data("is larger than what is shown", std::string(name));
  }
}

Result<int> OpenFolder::write(std::string_view name) const {
  MALMOI_ASSIGN(const int fd, open_here(name, O_WRONLY | O_CREAT | O_NONBLOCK));
  struct stat info {};
  const bool regular = ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
  if (regular && ::ftruncate(fd, 0) == 0) return fd;
  const int reason = regular ? errno : ENOTDIR;
  ::close(fd);
  return open_error(name, reason);
}

int64_t OpenFolder::changed(std::string_view name) const {
  const auto info = look(fd_, name);
  return info ? static_cast<int64_t>(info->st_mtim.tv_sec) : 0;
}

// Not by its time: copies of archives may be of the year 1970.
bool OpenFolder::has(std::string_view name) const { return look(fd_, name).has_value(); }

std::vector<std::string> OpenFolder::folders(size_t most) const {
  std::vector<std::string> names;
  // A descriptor of its own, since reading moves on in it.
  const int fd = ::openat(fd_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return names;
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::fdopendir(fd), ::closedir);
  if (!listing) {
    ::close(fd);
    return names;
  }
  while (const dirent* entry = ::readdir(listing.get())) {
    const std::string name = entry->d_name;
    struct stat info {};
    if (name.starts_with('.') || !is_single_name(name)) continue;
    if (::fstatat(fd_, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(info.st_mode)) names.push_back(name);
  }
  std::ranges::sort(names);
  if (names.size() > most) names.resize(most);
  return names;
}

}  // namespace malmoi
