// Hashes of bytes: xxh3, 64 and 128 bits (stable across machines and runs).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace malmoi {

struct Hash128 {
  uint64_t low = 0, high = 0;
  auto operator<=>(const Hash128&) const = default;
};

uint64_t hash64(std::string_view bytes, uint64_t seed = 0);
Hash128 hash128(std::string_view bytes);
/// 32 hexadecimal digits, high half first.
std::string to_hex(const Hash128& hash);

}  // namespace malmoi
