// Words of four bytes, one of each row in a panel: the arithmetic that products of packed weights are made of.
#pragma once

#include "kernels/simd/common.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

/// Four weights of each of kLanes rows.
MALMOI_INLINE UVec load_words(const uint8_t* p) {
  typedef uint32_t UVecUnaligned __attribute__((vector_size(kLanes * 4), aligned(1), may_alias));
  return *reinterpret_cast<const UVecUnaligned*>(p);
}

/// The same bytes in each byte of each word.
MALMOI_INLINE constexpr uint32_t in_each_byte(uint32_t byte) { return byte * 0x01010101u; }

MALMOI_INLINE UVec low_nibbles(UVec words) { return words & in_each_byte(15); }
MALMOI_INLINE UVec high_nibbles(UVec words) { return words >> 4 & in_each_byte(15); }

/// One unsigned or signed byte of each of kLanes rows, in f32. Of __builtin_convertvector GCC 12 makes a move per byte.
#if defined(MALMOI_SIMD_AVX512)
MALMOI_INLINE __m128i load_bytes(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
MALMOI_INLINE Vec widen_bytes(const uint8_t* p) { return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(load_bytes(p))); }
MALMOI_INLINE Vec widen_bytes(const int8_t* p) { return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(load_bytes(p))); }
#elif defined(__AVX2__)
MALMOI_INLINE __m128i load_bytes(const void* p) { return _mm_loadl_epi64(static_cast<const __m128i*>(p)); }
MALMOI_INLINE Vec widen_bytes(const uint8_t* p) { return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(load_bytes(p))); }
MALMOI_INLINE Vec widen_bytes(const int8_t* p) { return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(load_bytes(p))); }
#else
template <typename Byte>
MALMOI_INLINE Vec widen_bytes(const Byte* p) {
  Vec values = zero();
  for (int i = 0; i < kLanes; ++i) values[i] = static_cast<float>(p[i]);
  return values;
}
#endif
MALMOI_INLINE Vec widen_halves(const uint8_t* p) { return load(reinterpret_cast<const F16*>(p), Full{}); }

/// Byte i of the result: table[low nibble of byte i of `nibbles`].
MALMOI_INLINE UVec look_up(const uint8_t* table, UVec nibbles) {
#if defined(MALMOI_SIMD_AVX512)
  __m512i t = _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table)));
  return (UVec)_mm512_shuffle_epi8(t, (__m512i)nibbles);
#elif defined(__AVX2__)
  __m256i t = _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table)));
  return (UVec)_mm256_shuffle_epi8(t, (__m256i)nibbles);
#else
  uint8_t bytes[kLanes * 4];
  __builtin_memcpy(bytes, &nibbles, sizeof bytes);
  for (uint8_t& byte : bytes) byte = table[byte];
  return load_words(bytes);
#endif
}

/// In each lane table[i], for i below 16.
MALMOI_INLINE Vec choose(const float* table, UVec i) {
#if defined(MALMOI_SIMD_AVX512)
  return (Vec)_mm512_permutexvar_ps((__m512i)i, _mm512_loadu_ps(table));
#elif defined(__AVX2__)
  const __m256 low = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table), (__m256i)i);
  const __m256 high = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table + 8), (__m256i)i);
  return (Vec)_mm256_blendv_ps(low, high, (__m256)(i << 28));
#else
  Vec chosen = zero();
  for (int lane = 0; lane < kLanes; ++lane) chosen[lane] = table[i[lane]];
  return chosen;
#endif
}

#if defined(MALMOI_SIMD_AVX512) || defined(__AVX2__)
/// Whether products of bytes are worth it.
constexpr bool kByteProducts = true;
#else
constexpr bool kByteProducts = false;
#endif

/// Of each of kLanes rows, the sum of the products of its weights with signed bytes of x (at most 127 in size).
/// kLargest: the largest byte of a weight; kWords: how many words of weights are added, one after another.
template <int kLargest, int kWords>
class ProductSums {
 public:
  /// `zero` is the byte of a weight of 0: (byte - zero) * x sums to byte * x less zero times the sum of x.
  MALMOI_INLINE void begin(int32_t zero, int32_t sum_of_x) { whole_ = IVec{} - (zero - kAbove) * sum_of_x; }
  MALMOI_INLINE IVec sums() const { return whole_; }

#if !defined(MALMOI_SIMD_AVX512) && defined(__AVX2__)
  /// Word number `kWord`. Pairs of products are summed in 16 bits, which hold 2 * 128 * 127; those of small weights over
  /// several words. Weights that may be above 128 are taken as signed, 128 less.
  template <int kWord>
  MALMOI_INLINE void add(UVec words, int32_t x) {
    const __m256i xs = _mm256_set1_epi32(x);
    __m256i pairs;
    if constexpr (kAbove > 0) {
      const __m256i signed_bytes = (__m256i)(words ^ in_each_byte(kAbove));
      pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(signed_bytes), _mm256_sign_epi8(xs, signed_bytes));
    } else {
      pairs = _mm256_maddubs_epi16((__m256i)words, xs);
    }
    pairs_ = kWord % kRun == 0 ? pairs : _mm256_add_epi16(pairs_, pairs);
    if constexpr (kWord % kRun == kRun - 1 || kWord == kWords - 1)
      whole_ = whole_ + (IVec)_mm256_madd_epi16(pairs_, _mm256_set1_epi16(1));
  }

 private:
  static constexpr int kAbove = kLargest > 128 ? 128 : 0;
  static constexpr int kRun = kAbove ? 1 : 32767 / (2 * 127 * kLargest);  // words that 16 bits hold the sums of
  __m256i pairs_;
#else
  template <int kWord>
  MALMOI_INLINE void add(UVec words, int32_t x) {
#if defined(MALMOI_SIMD_AVX512)
    whole_ = (IVec)_mm512_dpbusd_epi32((__m512i)whole_, (__m512i)words, _mm512_set1_epi32(x));
#else
    int8_t bytes[4];
    __builtin_memcpy(bytes, &x, sizeof bytes);
    for (int j = 0; j < 4; ++j) whole_ += (IVec)(words >> (8 * j) & 255u) * bytes[j];
#endif
  }

 private:
  static constexpr int32_t kAbove = 0;
#endif
  IVec whole_;
};

}  // namespace
}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
