// Pipes to other programs, and what comes of writing into one that nobody reads.
#pragma once

#include <cstddef>
#include <string>

#include "base/descriptor.h"
#include "base/error.h"

namespace malmoi {

struct Pipe {
  Descriptor read, write;
};
/// Both ends close in programs that are started. Errors, with `where`: no more descriptors.
Result<Pipe> make_pipe(const std::string& where);
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

}  // namespace malmoi
