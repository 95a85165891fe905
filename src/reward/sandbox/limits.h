// What a program in the sandbox may take.
#pragma once

#include <cstdint>

namespace malmoi::reward {

struct SandboxLimits {
  double seconds = 10;               // of the clock, for the whole run
  double processor_seconds = 10;     // of each process
  uint64_t memory_bytes = 1u << 29;  // address space of each process, and what all of them hold together
  uint64_t disk_bytes = 16u << 20;   // of /tmp, the only place that can be written
  uint64_t output_bytes = 1u << 20;  // of the standard output, and of the standard error
  int64_t processes = 32;            // and threads, at once
  int64_t open_files = 64;           // of each process
};

}  // namespace malmoi::reward
