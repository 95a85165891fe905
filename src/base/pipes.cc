#include "base/pipes.h"

#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

namespace malmoi {
namespace {

sigset_t pipe_signal() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  return signals;
}

}  // namespace

Result<Pipe> make_pipe(const std::string& where) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return io_error("cannot make a pipe", where, errno);
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

void do_not_wait(const Descriptor& fd) { ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK); }

bool read_some(const Descriptor& fd, std::string& out, size_t most) {
  const size_t before = out.size();
  out.resize(before + most);
  const ssize_t n = ::read(fd.get(), out.data() + before, most);
  const int error = errno;
  out.resize(before + static_cast<size_t>(n > 0 ? n : 0));
  return n > 0 || (n < 0 && (error == EINTR || error == EAGAIN));
}

HeldPipeSignal::HeldPipeSignal() {
  const sigset_t signals = pipe_signal();
  sigset_t before;
  ::pthread_sigmask(SIG_BLOCK, &signals, &before);
  was_held_ = sigismember(&before, SIGPIPE) == 1;
}

HeldPipeSignal::~HeldPipeSignal() {
  if (was_held_) return;
  const sigset_t signals = pipe_signal();
  const timespec now{};
  while (::sigtimedwait(&signals, nullptr, &now) >= 0) {
  }
  ::pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

}  // namespace malmoi
