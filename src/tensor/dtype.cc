#include "tensor/dtype.h"

#include <cassert>
#include <cstring>

namespace malmoi {

// Inlined here: what other files see may be replaced by a linker, so compilers leave it a call.
// All three forms are made and one is taken, so that a loop of it becomes vectors.
static inline float float_of_half(uint16_t h) {
  const uint32_t exponent = h & 0x7C00, mantissa = h & 0x3FF;
  const uint32_t normal = (static_cast<uint32_t>(h & 0x7FFF) << 13) + (112u << 23);
  const uint32_t infinite = 0x7F800000u | mantissa << 13;
  const uint32_t subnormal = std::bit_cast<uint32_t>(static_cast<float>(static_cast<int32_t>(mantissa)) * 0x1.0p-24f);
  const uint32_t size = exponent == 0 ? subnormal : exponent == 0x7C00 ? infinite : normal;
  return std::bit_cast<float>(static_cast<uint32_t>(h & 0x8000) << 16 | size);
}

float half_to_float(uint16_t h) { return float_of_half(h); }

uint16_t float_to_half(float x) {
  uint32_t bits = std::bit_cast<uint32_t>(x);
  auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
  bits &= 0x7FFFFFFFu;
  if (bits > 0x7F800000u) return sign | 0x7E00;
  if (bits >= 0x477FF000u) return sign | 0x7C00;  // rounds to at least 65520
  if (bits < 0x38800000u) {                       // subnormal: let the float unit round
    float scaled = std::bit_cast<float>(bits) + 0.5f;
    return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(scaled) - 0x3F000000u));
  }
  bits += 0xFFFu + (bits >> 13 & 1);
  return static_cast<uint16_t>(sign | ((bits - 0x38000000u) >> 13));
}

namespace {

double load(const void* p, DType type, size_t i) {
  switch (type) {
    case DType::kF32: return static_cast<const float*>(p)[i];
    case DType::kBF16: return to_float(static_cast<const BF16*>(p)[i]);
    case DType::kF16: return half_to_float(static_cast<const uint16_t*>(p)[i]);
    case DType::kF64: return static_cast<const double*>(p)[i];
    default: assert(false && "not a floating type"); return 0;
  }
}

void store(void* p, DType type, size_t i, double x) {
  switch (type) {
    case DType::kF32: static_cast<float*>(p)[i] = static_cast<float>(x); break;
    case DType::kBF16: static_cast<BF16*>(p)[i] = to_bf16(static_cast<float>(x)); break;
    case DType::kF16: static_cast<uint16_t*>(p)[i] = float_to_half(static_cast<float>(x)); break;
    case DType::kF64: static_cast<double*>(p)[i] = x; break;
    default: assert(false && "not a floating type");
  }
}

}  // namespace

void convert(const void* from, DType from_type, void* to, DType to_type, size_t n) {
  if (from_type == to_type) {
    std::memmove(to, from, n * dtype_size(from_type));
  } else if (from_type == DType::kF32 && to_type == DType::kBF16) {
    for (size_t i = 0; i < n; ++i) static_cast<BF16*>(to)[i] = to_bf16(static_cast<const float*>(from)[i]);
  } else if (from_type == DType::kBF16 && to_type == DType::kF32) {
    for (size_t i = 0; i < n; ++i) static_cast<float*>(to)[i] = to_float(static_cast<const BF16*>(from)[i]);
  } else if (from_type == DType::kF16 && to_type == DType::kF32) {
    for (size_t i = 0; i < n; ++i) static_cast<float*>(to)[i] = float_of_half(static_cast<const uint16_t*>(from)[i]);
  } else {
    for (size_t i = 0; i < n; ++i) store(to, to_type, i, load(from, from_type, i));
  }
}

}  // namespace malmoi
