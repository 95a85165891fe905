// How a product reads types whose values are no small integers but levels of their own: NF4.
//
// In products of bytes a level is a number of 16 bits, 256 high + low: rounded to 8 it would be off by as much as the rows, which
// other types' weights are not. Two products of bytes are then summed, and the memory that is read stays that of the codes. Rows in
// f32 are multiplied with the levels as they are.
#pragma once

#include <type_traits>

#include "kernels/simd/block_formats.h"
#include "tensor/blocks/nf4.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

/// Four weights of each row, the upper bytes 128 above what they are.
struct WideWords {
  UVec high, low;
};

/// As ProductSums, of numbers in 16 bits. Of 32 weights the sum is below 2^28.
template <int kWords>
class WideSums {
 public:
  MALMOI_INLINE void begin(int32_t zero, int32_t sum_of_x) { high_.begin(zero, sum_of_x), low_.begin(0, sum_of_x); }
  template <int kWord>
  MALMOI_INLINE void add(const WideWords& words, int32_t x) {
    high_.template add<kWord>(words.high, x), low_.template add<kWord>(words.low, x);
  }
  MALMOI_INLINE IVec sums() const { return high_.sums() * 256 + low_.sums(); }

 private:
  ProductSums<255, kWords> high_, low_;
};

/// Levels as products read them.
struct LevelTables {
  static constexpr float kLargest = 32767;
  uint8_t high[16] = {}, low[16] = {};
  float levels[16] = {};  // in units of 1 / kLargest
};
constexpr LevelTables tables_of(const float (&levels)[16]) {
  LevelTables tables;
  for (int i = 0; i < 16; ++i) {
    const float level = levels[i] * LevelTables::kLargest;
    const int whole = static_cast<int>(level + (level < 0 ? -0.5f : 0.5f)) + (128 << 8);
    tables.high[i] = static_cast<uint8_t>(whole >> 8), tables.low[i] = static_cast<uint8_t>(whole & 255);
    tables.levels[i] = level;
  }
  return tables;
}
constexpr LevelTables kNf4Tables = tables_of(blocks::kNf4Levels);

/// Two groups of 32 in a block, which share its scale.
struct ReadNF4 : Nibbles {
  static constexpr int kGroup = 32, kZero = 128, kLargest = 255;
  static constexpr bool kOffsets = false;
  static constexpr const float* kLevels = kNf4Tables.levels;
  const uint8_t* d;
  explicit ReadNF4(Fields f) { words = f.take(32, 4), d = f.take(2, 2); }
  template <int q>
  MALMOI_INLINE WideWords quad(int64_t group) const {
    const UVec codes = nibbles<q>(group);
    return {look_up(kNf4Tables.high, codes), look_up(kNf4Tables.low, codes)};
  }
  MALMOI_INLINE Vec scale(int64_t group) const {
    return widen_halves(d + group / 2 * 2 * kWidth) * all(1 / LevelTables::kLargest);
  }
};

template <typename Read>
concept HasLevels = requires {
  Read::kLevels;
};

/// Sums of the products of a group.
template <typename Read>
using GroupSums =
    std::conditional_t<HasLevels<Read>, WideSums<Read::kGroup / 4>, ProductSums<Read::kLargest, Read::kGroup / 4>>;

/// What number() reads of weights 4 q to 4 q + 3 of a group: themselves, or codes of levels.
template <int q, typename Read>
MALMOI_INLINE UVec words_of_floats(const Read& read, int64_t group) {
  if constexpr (HasLevels<Read>) return read.template nibbles<q>(group);
  else return read.template quad<q>(group);
}

/// Weight j of four, in units of its scale.
template <typename Read, int j>
MALMOI_INLINE Vec number(UVec words) {
  const UVec byte = words >> (8 * j) & 255u;
  if constexpr (HasLevels<Read>) return choose(Read::kLevels, byte);
  else return __builtin_convertvector((IVec)byte - Read::kZero, Vec);
}

}  // namespace
}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
