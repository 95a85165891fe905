// The program of a sandbox, as its first process starts and watches it.
#pragma once

#include <cstdint>

#include "reward/sandbox/child.h"

namespace malmoi::reward {

// All as child.h says: nothing is allocated, no lock is taken.

void tell_stage(int fd, SandboxStage stage, int error);

/// Starts it under the plan's limits and filter, without rights; `processes` is the folder /proc, or -1. Its number, or minus that of
/// an error: no process could be had.
long start_program(const SandboxPlan& plan, int processes);

/// Every signal does what it does by default, since what is ignored stays so in a new program; SIGCHLD can be waited for.
void set_signals();
/// Until a child ends, or for a twentieth of a second.
void wait_for_child();
/// Bytes that the processes of a folder /proc hold in memory; 0 where it cannot be read.
uint64_t memory_of_all(int processes, uint64_t page_bytes);

}  // namespace malmoi::reward
