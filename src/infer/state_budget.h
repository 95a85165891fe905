// How much memory sequences may take where nobody said.
#pragma once

#include <cstddef>
#include <string_view>

namespace malmoi::infer {

/// Memory that is free now, of the machine or of the control group that this process runs in, whichever has less.
size_t free_bytes();

/// Half of free_bytes(), at least 64 MiB. The other half is for what comes later: activations, buffers, other programs.
size_t default_state_bytes();

/// `MemAvailable` of a text like /proc/meminfo, in bytes; 0 where there is none.
size_t available_bytes(std::string_view meminfo);

/// Of a text like a control group's memory.stat: bytes of files that were read and that no process has mapped, such as a model
/// that was fetched. They count as used, and the kernel takes them back where memory is wanted. 0 where nothing is said.
size_t unmapped_file_bytes(std::string_view stat);

}  // namespace malmoi::infer
