// The inner loop of MinHash: the smallest of each of many hash functions over a set, by the widest vectors there are.
#pragma once

#include <cstddef>
#include <cstdint>

namespace malmoi::data {

/// Functions are computed in blocks of this many; pad arrays to it.
inline constexpr size_t kMinHashBlock = 16;

/// out[i] = min over k of (a[i] * x[k] + b[i]) mod 2^32, for i < functions (a multiple of kMinHashBlock), a odd. The same
/// bits on every instruction set.
void min_hashes(const uint32_t* x, size_t n, const uint32_t* a, const uint32_t* b, size_t functions, uint32_t* out);

}  // namespace malmoi::data
