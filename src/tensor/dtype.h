// Element types and their conversions.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace malmoi {

enum class DType : uint8_t { kF32, kBF16, kF16, kF64, kI32, kU8 };

constexpr size_t dtype_size(DType type) {
  switch (type) {
    case DType::kF64: return 8;
    case DType::kF32:
    case DType::kI32: return 4;
    case DType::kBF16:
    case DType::kF16: return 2;
    case DType::kU8: return 1;
  }
  return 0;
}

/// Where element number `element` lies. Null where nothing lies anywhere, as in a rehearsal.
inline const void* element_at(const void* base, DType type, int64_t element) {
  if (!base) return nullptr;
  return static_cast<const std::byte*>(base) + element * static_cast<int64_t>(dtype_size(type));
}
inline void* element_at(void* base, DType type, int64_t element) {
  return const_cast<void*>(element_at(static_cast<const void*>(base), type, element));
}

constexpr std::string_view dtype_name(DType type) {
  switch (type) {
    case DType::kF64: return "f64";
    case DType::kF32: return "f32";
    case DType::kI32: return "i32";
    case DType::kBF16: return "bf16";
    case DType::kF16: return "f16";
    case DType::kU8: return "u8";
  }
  return "?";
}

/// bfloat16: the upper half of an f32.
struct BF16 {
  uint16_t bits;
};

inline float to_float(BF16 x) { return std::bit_cast<float>(static_cast<uint32_t>(x.bits) << 16); }

/// Round to nearest, ties to even; NaN stays a (quiet) NaN.
inline BF16 to_bf16(float x) {
  uint32_t bits = std::bit_cast<uint32_t>(x);
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return {static_cast<uint16_t>(bits >> 16 | 0x40)};
  return {static_cast<uint16_t>((bits + 0x7FFFu + (bits >> 16 & 1)) >> 16)};
}

/// IEEE half, exact in both directions where representable; rounds to nearest even.
float half_to_float(uint16_t bits);
uint16_t float_to_half(float x);

/// Converts n elements between f32, bf16, f16 and f64. Buffers must not overlap unless the types are equal.
void convert(const void* from, DType from_type, void* to, DType to_type, size_t n);

}  // namespace malmoi
