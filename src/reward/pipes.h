// Pipes to other programs, and what comes of writing into one that nobody reads.
#pragma once

#include <string>
#include <utility>

#include "base/error.h"

namespace malmoi::reward {

/// A descriptor that closes itself.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { close(); }
  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  void close();

 private:
  int fd_ = -1;
};

struct Pipe {
  Descriptor read, write;
};
/// Both ends close in programs that are started. Errors: no more descriptors.
Result<Pipe> make_pipe();
/// Reads and writes of it do not wait.
void do_not_wait(const Descriptor& fd);

/// Appends what can be read now, `most` bytes in one turn. False at its end.
bool read_some(const Descriptor& fd, std::string& out, size_t most = size_t{1} << 16);

/// While it lives, this thread gets an error and no signal where it writes into a pipe that nobody reads.
class HeldPipeSignal {
 public:
  HeldPipeSignal();
  ~HeldPipeSignal();
  HeldPipeSignal(const HeldPipeSignal&) = delete;
  HeldPipeSignal& operator=(const HeldPipeSignal&) = delete;

 private:
  bool was_held_ = false;
};

}  // namespace malmoi::reward
