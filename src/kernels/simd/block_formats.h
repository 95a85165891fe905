// How a product reads each packed type from a panel (kernels/panels.h): words of four weights, scales, offsets.
//
// A type here is made from a panel and the first of the kLanes rows to read. kZero is the byte that stands for a weight of 0,
// kLargest is the largest byte, kGroup how many weights share a scale. `quad<q>(group)`: weights 4 q to 4 q + 3
// of a group.
#pragma once

#include "kernels/simd/block_bytes.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

constexpr int64_t kWidth = 16;             // rows of a panel
constexpr int64_t kWordLine = 4 * kWidth;  // bytes of one word of all rows

/// Where the fields of a panel begin.
struct Fields {
  const uint8_t* next;
  int64_t blocks, lane;
  /// The next field: of each block `bytes`, in units of `unit`.
  MALMOI_INLINE const uint8_t* take(int64_t bytes, int64_t unit) {
    const uint8_t* field = next + lane * unit;
    next += blocks * bytes * kWidth;
    return field;
  }
};

/// Scales in f16, one for each group; of some types least values, too.
struct HalfScales {
  const uint8_t* d;
  MALMOI_INLINE Vec scale(int64_t group) const { return widen_halves(d + group * 2 * kWidth); }
};
struct HalfOffsets {
  const uint8_t* least;
  MALMOI_INLINE Vec offset(int64_t group) const { return widen_halves(least + group * 2 * kWidth); }
};

// -- 32 weights per block ------------------------------------------------------------------------------------------------

/// Nibbles: the low ones of a line are the weights of quad q, the high ones those of quad q + 4.
struct Nibbles {
  const uint8_t* words;
  template <int q>
  MALMOI_INLINE UVec nibbles(int64_t group) const {
    UVec line = load_words(words + (group * 4 + q % 4) * kWordLine);
    return q < 4 ? low_nibbles(line) : high_nibbles(line);
  }
};

/// Fifth bits, by weight in its byte: bit q of a byte is that of quad q.
struct Fifths {
  const uint8_t* bits;
  template <int q>
  MALMOI_INLINE UVec fifth(int64_t group) const {
    UVec line = load_words(bits + group * kWordLine);
    return (q < 4 ? line << (4 - q) : line >> (q - 4)) & in_each_byte(16);
  }
};

struct ReadQ4_0 : Nibbles, HalfScales {
  static constexpr int kGroup = 32, kZero = 8, kLargest = 15;
  static constexpr bool kOffsets = false;
  explicit ReadQ4_0(Fields f) { words = f.take(16, 4), d = f.take(2, 2); }
  template <int q>
  MALMOI_INLINE UVec quad(int64_t group) const {
    return nibbles<q>(group);
  }
};

struct ReadQ4_1 : Nibbles, HalfScales, HalfOffsets {
  static constexpr int kGroup = 32, kZero = 0, kLargest = 15;
  static constexpr bool kOffsets = true;
  explicit ReadQ4_1(Fields f) { words = f.take(16, 4), d = f.take(2, 2), least = f.take(2, 2); }
  template <int q>
  MALMOI_INLINE UVec quad(int64_t group) const {
    return nibbles<q>(group);
  }
};

struct ReadQ5_0 : Nibbles, Fifths, HalfScales {
  static constexpr int kGroup = 32, kZero = 16, kLargest = 31;
  static constexpr bool kOffsets = false;
  explicit ReadQ5_0(Fields f) { words = f.take(16, 4), bits = f.take(4, 4), d = f.take(2, 2); }
  template <int q>
  MALMOI_INLINE UVec quad(int64_t group) const {
    return nibbles<q>(group) | fifth<q>(group);
  }
};

struct ReadQ5_1 : Nibbles, Fifths, HalfScales, HalfOffsets {
  static constexpr int kGroup = 32, kZero = 0, kLargest = 31;
  static constexpr bool kOffsets = true;
  explicit ReadQ5_1(Fields f) { words = f.take(16, 4), bits = f.take(4, 4), d = f.take(2, 2), least = f.take(2, 2); }
  template <int q>
  MALMOI_INLINE UVec quad(int64_t group) const {
    return nibbles<q>(group) | fifth<q>(group);
  }
};

struct ReadQ8_0 : HalfScales {
  static constexpr int kGroup = 32, kZero = 128, kLargest = 255;
  static constexpr bool kOffsets = false;
  const uint8_t* words;
  explicit ReadQ8_0(Fields f) { words = f.take(32, 4), d = f.take(2, 2); }
  template <int q>
  MALMOI_INLINE UVec quad(int64_t group) const {
    return load_words(words + (group * 8 + q) * kWordLine) ^ in_each_byte(128);
  }
};

// Values chosen by a nibble, 128 above what they are.
constexpr uint8_t kIq4Bytes[16] = {1, 24, 45, 63, 79, 93, 106, 118, 129, 141, 153, 166, 181, 197, 217, 241};
constexpr uint8_t kE2m1Bytes[16] = {128, 129, 130, 131, 132, 134, 136, 140, 128, 127, 126, 125, 124, 122, 120, 116};

struct ReadIQ4_NL : Nibbles, HalfScales {
  static constexpr int kGroup = 32, kZero = 128, kLargest = 241;
  static constexpr bool kOffsets = false;
  explicit ReadIQ4_NL(Fields f) { words = f.take(16, 4), d = f.take(2, 2); }
  template <int q>
  MALMOI_INLINE UVec quad(int64_t group) const {
    return look_up(kIq4Bytes, nibbles<q>(group));
  }
};

struct ReadMXFP4 : Nibbles {
  static constexpr int kGroup = 32, kZero = 128, kLargest = 140;
  static constexpr bool kOffsets = false;
  const uint8_t* exponent;
  explicit ReadMXFP4(Fields f) { words = f.take(16, 4), exponent = f.take(1, 1); }
  template <int q>
  MALMOI_INLINE UVec quad(int64_t group) const {
    return look_up(kE2m1Bytes, nibbles<q>(group));
  }
  /// 2^(e - 128): half the power of two of a byte e.
  MALMOI_INLINE Vec scale(int64_t group) const {
    typedef uint8_t Bytes __attribute__((vector_size(kLanes)));
    Bytes bytes;
    __builtin_memcpy(&bytes, exponent + group * kWidth, sizeof bytes);
    UVec e = __builtin_convertvector(bytes, UVec);
    const UVec subnormal = (UVec{} + 0x00200000u) << (e & 1), normal = (e - 1) << 23;
    return (Vec)(e < 2u ? subnormal : normal);
  }
};

// -- 256 weights per block -----------------------------------------------------------------------------------------------

/// One number in f16 per block.
struct BlockHalves {
  const uint8_t* d;
  MALMOI_INLINE Vec of_block(int64_t block) const { return widen_halves(d + block * 2 * kWidth); }
};

/// Eight groups of 32 with 6-bit scales and least values, each a byte here. Of a line of nibbles the low ones are those of an
/// even group, the high ones those of the next.
struct SixBits : BlockHalves {
  static constexpr int kGroup = 32, kZero = 0;
  static constexpr bool kOffsets = true;
  const uint8_t *words, *sixes, *dmin;
  template <int q>
  MALMOI_INLINE UVec nibbles(int64_t group) const {
    UVec line = load_words(words + (group / 2 * 8 + q) * kWordLine);
    return line >> static_cast<int>(group % 2 * 4) & in_each_byte(15);
  }
  MALMOI_INLINE Vec scale(int64_t group) const {
    const int64_t block = group / 8;
    return of_block(block) * widen_bytes(sixes + (block * 16 + group % 8) * kWidth);
  }
  MALMOI_INLINE Vec offset(int64_t group) const {
    const int64_t block = group / 8;
    const Vec least = widen_bytes(sixes + (block * 16 + 8 + group % 8) * kWidth);
    return zero() - widen_halves(dmin + block * 2 * kWidth) * least;
  }
};

struct ReadQ4_K : SixBits {
  static constexpr int kLargest = 15;
  explicit ReadQ4_K(Fields f) { words = f.take(128, 4), sixes = f.take(16, 1), d = f.take(2, 2), dmin = f.take(2, 2); }
  template <int q>
  MALMOI_INLINE UVec quad(int64_t group) const {
    return nibbles<q>(group);
  }
};

struct ReadQ5_K : SixBits {
  static constexpr int kLargest = 31;
  const uint8_t* bits;
  explicit ReadQ5_K(Fields f) {
    words = f.take(128, 4), bits = f.take(32, 4), sixes = f.take(16, 1), d = f.take(2, 2), dmin = f.take(2, 2);
  }
  /// Bit g of a byte of line q is the fifth of group g.
  template <int q>
  MALMOI_INLINE UVec quad(int64_t group) const {
    UVec line = load_words(bits + (group / 8 * 8 + q) * kWordLine);
    return nibbles<q>(group) | (line >> static_cast<int>(group % 8) & in_each_byte(1)) << 4;
  }
};

struct ReadIQ4_XS : Nibbles, BlockHalves {
  static constexpr int kGroup = 32, kZero = 128, kLargest = 241;
  static constexpr bool kOffsets = false;
  const uint8_t* scales;
  explicit ReadIQ4_XS(Fields f) { words = f.take(128, 4), scales = f.take(8, 1), d = f.take(2, 2); }
  template <int q>
  MALMOI_INLINE UVec quad(int64_t group) const {
    return look_up(kIq4Bytes, nibbles<q>(group));
  }
  MALMOI_INLINE Vec scale(int64_t group) const {
    return of_block(group / 8) * widen_bytes(reinterpret_cast<const int8_t*>(scales) + group * kWidth);
  }
};

/// Sixteen groups of 16, eight in each half of a block; a part is 32 weights, four in a half.
struct Sixteens {
  static constexpr int kGroup = 16;
  struct Place {
    int64_t block, half, part, line;  // line: of the part's eight words
  };
  template <int q>
  MALMOI_INLINE static Place place(int64_t group) {
    return {group / 16, group / 8 % 2, group / 2 % 4, group % 2 * 4 + q};
  }
};

/// Part c of half h has its nibbles in bytes 64 h + 32 (c % 2), low for c < 2, and two bits more in bytes 32 h, from bit 2 c on.
struct ReadQ6_K : Sixteens, BlockHalves {
  static constexpr int kZero = 32, kLargest = 63;
  static constexpr bool kOffsets = false;
  const uint8_t *words, *twos, *scales;
  explicit ReadQ6_K(Fields f) {
    words = f.take(128, 4), twos = f.take(64, 4), scales = f.take(16, 1), d = f.take(2, 2);
  }
  template <int q>
  MALMOI_INLINE UVec quad(int64_t group) const {
    const Place at = place<q>(group);
    UVec nibble = load_words(words + (at.block * 32 + at.half * 16 + at.part % 2 * 8 + at.line) * kWordLine);
    UVec two = load_words(twos + (at.block * 16 + at.half * 8 + at.line) * kWordLine);
    return (nibble >> static_cast<int>(at.part / 2 * 4) & in_each_byte(15)) |
           (two >> static_cast<int>(2 * at.part) & in_each_byte(3)) << 4;
  }
  MALMOI_INLINE Vec scale(int64_t group) const {
    return of_block(group / 16) * widen_bytes(reinterpret_cast<const int8_t*>(scales) + group * kWidth);
  }
};

/// Two bits per weight, part c of half h in bytes 32 h from bit 2 c on.
struct TwoBits : Sixteens, BlockHalves {
  const uint8_t* words;
  MALMOI_INLINE UVec twos(const Place& at) const {
    UVec line = load_words(words + (at.block * 16 + at.half * 8 + at.line) * kWordLine);
    return line >> static_cast<int>(2 * at.part) & in_each_byte(3);
  }
};

/// Scale and least value in a nibble each.
struct ReadQ2_K : TwoBits {
  static constexpr int kZero = 0, kLargest = 3;
  static constexpr bool kOffsets = true;
  const uint8_t *scales, *dmin;
  explicit ReadQ2_K(Fields f) { words = f.take(64, 4), scales = f.take(16, 1), d = f.take(2, 2), dmin = f.take(2, 2); }
  template <int q>
  MALMOI_INLINE UVec quad(int64_t group) const {
    return twos(place<q>(group));
  }
  MALMOI_INLINE Vec nibbles(int64_t group, int shift) const {
    uint8_t bytes[kLanes];
    const uint8_t* of_group = scales + group * kWidth;
    for (int i = 0; i < kLanes; ++i) bytes[i] = of_group[i] >> shift & 15;
    return widen_bytes(bytes);
  }
  MALMOI_INLINE Vec scale(int64_t group) const { return of_block(group / 16) * nibbles(group, 0); }
  MALMOI_INLINE Vec offset(int64_t group) const {
    return zero() - widen_halves(dmin + group / 16 * 2 * kWidth) * nibbles(group, 4);
  }
};

/// And a third bit, which adds four: bit 4 h + c of byte i is that of weight i in part c of half h.
struct ReadQ3_K : TwoBits {
  static constexpr int kZero = 4, kLargest = 7;
  static constexpr bool kOffsets = false;
  const uint8_t *thirds, *scales;
  explicit ReadQ3_K(Fields f) {
    words = f.take(64, 4), thirds = f.take(32, 4), scales = f.take(16, 1), d = f.take(2, 2);
  }
  template <int q>
  MALMOI_INLINE UVec quad(int64_t group) const {
    const Place at = place<q>(group);
    UVec line = load_words(thirds + (at.block * 8 + at.line) * kWordLine);
    return twos(at) | (line >> static_cast<int>(4 * at.half + at.part) & in_each_byte(1)) << 2;
  }
  MALMOI_INLINE Vec scale(int64_t group) const {
    return of_block(group / 16) * widen_bytes(reinterpret_cast<const int8_t*>(scales) + group * kWidth);
  }
};

/// Types without panels, unpacked into one of bytes (128 above their value) and scales in f32 (unpack_panel() of block_product.cc).
template <int kSize>
struct ReadUnpacked {
  static constexpr int kGroup = kSize, kZero = 128, kLargest = 255;
  static constexpr bool kOffsets = false;
  const uint8_t *words, *scales;
  explicit ReadUnpacked(Fields f) { words = f.take(kGroup, 4), scales = f.take(4, 4); }
  template <int q>
  MALMOI_INLINE UVec quad(int64_t group) const {
    return load_words(words + (group * (kGroup / 4) + q) * kWordLine);
  }
  MALMOI_INLINE Vec scale(int64_t group) const {
    return load(reinterpret_cast<const float*>(scales + group * 4 * kWidth), Full{});
  }
};

}  // namespace
}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
