#include "data/dedup/minhash.h"

#include <cstring>

#include "base/cpu.h"

namespace malmoi::data {
namespace {

// `Vectors` vectors of `Bytes` bytes stay in registers over the whole set; written once, inlined into each target.
template <size_t Bytes, size_t Vectors>
[[gnu::always_inline]] inline void tile(const uint32_t* x, size_t n, const uint32_t* a, const uint32_t* b,
                                        uint32_t* out) {
  typedef uint32_t Lane __attribute__((vector_size(Bytes), aligned(4), may_alias));
  constexpr size_t kLanes = Bytes / 4;
  Lane best[Vectors], mul[Vectors], add[Vectors];
#pragma GCC unroll 8
  for (size_t v = 0; v < Vectors; ++v) {
    std::memcpy(&mul[v], a + v * kLanes, Bytes);
    std::memcpy(&add[v], b + v * kLanes, Bytes);
    best[v] = ~Lane{};
  }
  for (size_t k = 0; k < n; ++k) {
#pragma GCC unroll 8
    for (size_t v = 0; v < Vectors; ++v) {
      Lane h = mul[v] * x[k] + add[v];
      best[v] = h < best[v] ? h : best[v];
    }
  }
#pragma GCC unroll 8
  for (size_t v = 0; v < Vectors; ++v) std::memcpy(out + v * kLanes, &best[v], Bytes);
}

template <size_t Bytes, size_t Vectors>
[[gnu::always_inline]] inline void all_tiles(const uint32_t* x, size_t n, const uint32_t* a, const uint32_t* b,
                                             size_t functions, uint32_t* out) {
  constexpr size_t kTile = Bytes / 4 * Vectors;
  size_t i = 0;
  for (; i + kTile <= functions; i += kTile) tile<Bytes, Vectors>(x, n, a + i, b + i, out + i);
  for (; i < functions; i += kMinHashBlock) tile<16, kMinHashBlock / 4>(x, n, a + i, b + i, out + i);
}

#if defined(__x86_64__)
[[gnu::target("avx512f")]] void on_avx512(const uint32_t* x, size_t n, const uint32_t* a, const uint32_t* b,
                                          size_t functions, uint32_t* out) {
  all_tiles<64, 7>(x, n, a, b, functions, out);
}
[[gnu::target("avx2")]] void on_avx2(const uint32_t* x, size_t n, const uint32_t* a, const uint32_t* b,
                                     size_t functions, uint32_t* out) {
  all_tiles<32, 4>(x, n, a, b, functions, out);
}
#endif

}  // namespace

void min_hashes(const uint32_t* x, size_t n, const uint32_t* a, const uint32_t* b, size_t functions, uint32_t* out) {
#if defined(__x86_64__)
  if (active_isa() >= Isa::kAvx512) return on_avx512(x, n, a, b, functions, out);
  if (active_isa() >= Isa::kAvx2) return on_avx2(x, n, a, b, functions, out);
#endif
  all_tiles<16, 4>(x, n, a, b, functions, out);
}

}  // namespace malmoi::data
