// Asks for memory some time before it is read.
#pragma once

namespace malmoi {

/// The cache line at `address`, which may be any address.
inline void prefetch(const void* address) {
  __builtin_prefetch(address);
  // GCC takes a function that does nothing but prefetch for one without effect, and drops the calls of it.
  asm volatile("");
}

}  // namespace malmoi
