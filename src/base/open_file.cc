#include "base/open_file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>

namespace malmoi {
namespace {

// Devices such as /dev/zero have no end. Terminals and /dev/null have one.
bool is_endless(int fd, const struct stat& info) {
  struct stat null {};
  bool is_null = ::stat("/dev/null", &null) == 0 && info.st_rdev == null.st_rdev;
  return S_ISBLK(info.st_mode) || (S_ISCHR(info.st_mode) && !is_null && ::isatty(fd) == 0);
}

}  // namespace

Result<int> open_to_read(const Path& path) {
  // Without O_NONBLOCK the call itself waits for whoever writes into a pipe.
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return io_error("cannot open", path.string(), errno);
  struct stat info {};
  struct statfs system {};
  bool known = ::fstat(fd, &info) == 0;
  if (known && is_endless(fd, info)) {
    ::close(fd);
    return invalid_data("is a device, a file was expected", path.string(), "name a file");
  }
  bool pipe = known && S_ISFIFO(info.st_mode);
  bool named = pipe && ::fstatfs(fd, &system) == 0 && system.f_type != PIPEFS_MAGIC;
  if (named) {
    ::close(fd);
    return invalid_data("is a named pipe, a file was expected", path.string(),
                        "write it to a file, or to the standard input where that is read");
  }
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) & ~O_NONBLOCK);
  return fd;
}

}  // namespace malmoi
