// Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", 2011).
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

namespace malmoi {

__extension__ using Wide = unsigned __int128;

/// Four 32-bit words, a pure function of (key, counter): any thread can make any element of a stream, and a resumed
/// run continues it exactly.
inline std::array<uint32_t, 4> philox(uint64_t key, uint64_t counter_high, uint64_t counter_low) {
  uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  uint32_t c0 = static_cast<uint32_t>(counter_low), c1 = static_cast<uint32_t>(counter_low >> 32);
  uint32_t c2 = static_cast<uint32_t>(counter_high), c3 = static_cast<uint32_t>(counter_high >> 32);
  for (int round = 0; round < 10; ++round) {
    uint64_t p0 = uint64_t{0xD2511F53u} * c0, p1 = uint64_t{0xCD9E8D57u} * c2;
    uint32_t n0 = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ k0, n2 = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c1 = static_cast<uint32_t>(p1), c3 = static_cast<uint32_t>(p0), c0 = n0, c2 = n2;
    k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
  }
  return {c0, c1, c2, c3};
}

/// A sequential view of one stream. `position` is all its state: save it, set it, and the stream goes on.
class Rng {
 public:
  explicit Rng(uint64_t seed, uint64_t stream = 0) : seed_(seed), stream_(stream) {}

  uint32_t next_u32() {
    if ((position_ & 3) == 0 || !filled_) block_ = philox(seed_, stream_, position_ >> 2), filled_ = true;
    return block_[position_++ & 3];
  }
  uint64_t next_u64() {
    uint64_t high = next_u32();
    return high << 32 | next_u32();
  }
  /// Uniform in [0, 1), 53 bits.
  double uniform() { return static_cast<double>(next_u64() >> 11) * 0x1.0p-53; }
  /// Uniform in [0, n), n > 0 (Lemire, 2019: multiply, reject the bias).
  uint64_t below(uint64_t n) {
    while (true) {
      Wide product = static_cast<Wide>(next_u64()) * n;
      auto low = static_cast<uint64_t>(product);
      if (low >= n || low >= (0 - n) % n) return static_cast<uint64_t>(product >> 64);
    }
  }
  /// Standard normal (Box-Muller, one value a call).
  double normal() {
    double u = 1.0 - uniform(), v = uniform();
    return std::sqrt(-2.0 * std::log(u)) * std::cos(6.283185307179586 * v);
  }

  uint64_t position() const { return position_; }
  void set_position(uint64_t position) { position_ = position, filled_ = false; }

 private:
  uint64_t seed_, stream_;
  uint64_t position_ = 0;
  std::array<uint32_t, 4> block_{};
  bool filled_ = false;
};

}  // namespace malmoi
