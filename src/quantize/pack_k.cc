// The K types: groups are fitted one by one, then their scales are rounded to small integers of a scale of the block, and the
// weights to what came of that.
#include <algorithm>
#include <cmath>

#include "quantize/fit.h"
#include "quantize/pack.h"
#include "quantize/stored_half.h"

namespace malmoi::quantize {
namespace {

constexpr int kSuperBlock = 256;

// -- Q4_K and Q5_K: eight groups of 32 with an offset below zero ---------------------------------------------------------

constexpr int kGroup = 32, kGroups = 8, kMostSix = 63;

// What a block begins with, and the levels of its weights.
struct Groups {
  float d = 0, dmin = 0;  // as they are stored
  int scales[kGroups] = {}, mins[kGroups] = {};
  int8_t levels[kSuperBlock] = {};
};

// Of the scales and least values beside the rounded ones, those that lose least.
void settle(const float* x, const float* weights, int high, int scale, int min, int g, Groups& out) {
  ScaleAndOffset tried[9];
  int scales[9], mins[9];
  size_t count = 0;
  for (int s = std::max(scale - 1, 0); s <= std::min(scale + 1, kMostSix); ++s) {
    for (int m = std::max(min - 1, 0); m <= std::min(min + 1, kMostSix); ++m, ++count) {
      tried[count] = {out.d * static_cast<float>(s), -out.dmin * static_cast<float>(m)};
      scales[count] = s, mins[count] = m;
    }
  }
  const int best = least_error(x, weights, kGroup, {tried, count}, 0, high, out.levels + g * kGroup);
  if (best >= 0) out.scales[g] = scales[best], out.mins[g] = mins[best];
}

Groups fit_groups(const float* x, const float* weights, int high, uint8_t* block) {
  Groups out;
  ScaleAndOffset fits[kGroups];
  float most_scale = 0, most_min = 0;
  for (int g = 0; g < kGroups; ++g) {
    fits[g] = fit_scale_and_offset(x + g * kGroup, weights + g * kGroup, kGroup, high, true, out.levels);
    most_scale = std::max(most_scale, fits[g].scale);
    most_min = std::max(most_min, -fits[g].offset);
  }
  out.d = put_half(block, most_scale / kMostSix);
  out.dmin = put_half(block + 2, most_min / kMostSix);
  auto six = [](float value, float unit) {
    return unit > 0 ? std::clamp(static_cast<int>(std::lrintf(value / unit)), 0, kMostSix) : 0;
  };
  for (int g = 0; g < kGroups; ++g)
    settle(x + g * kGroup, weights + g * kGroup, high, six(fits[g].scale, out.d), six(-fits[g].offset, out.dmin), g,
           out);
  return out;
}

// Twelve bytes: six bits of each of the first four, four bits of the others with two more above the first's.
void put_sixes(const Groups& groups, uint8_t* to) {
  for (int g = 0; g < 4; ++g) {
    const int scale = groups.scales[g + 4], min = groups.mins[g + 4];
    to[g] = static_cast<uint8_t>(groups.scales[g] | scale >> 4 << 6);
    to[g + 4] = static_cast<uint8_t>(groups.mins[g] | min >> 4 << 6);
    to[g + 8] = static_cast<uint8_t>((scale & 15) | (min & 15) << 4);
  }
}

// Low nibbles of a group and of the next in one run of 32 bytes.
void put_group_nibbles(const int8_t* levels, uint8_t* to) {
  for (int i = 0; i < kSuperBlock / 2; ++i) {
    const int at = i / kGroup * 2 * kGroup + i % kGroup;
    to[i] = static_cast<uint8_t>((levels[at] & 15) | (levels[at + kGroup] & 15) << 4);
  }
}

// -- Q6_K: sixteen groups of 16 about zero -------------------------------------------------------------------------------

constexpr int kSmall = 16;

// Of the scales beside the rounded one, the one that loses least.
int settle(const float* x, const float* weights, float d, int scale, int8_t* levels) {
  ScaleAndOffset tried[3];
  size_t count = 0;
  const int first = std::max(scale - 1, -128), last = std::min(scale + 1, 127);
  for (int s = first; s <= last; ++s) tried[count++] = {d * static_cast<float>(s), 0};
  const int best = least_error(x, weights, kSmall, {tried, count}, -32, 31, levels);
  return best >= 0 ? first + best : scale;
}

}  // namespace

void pack_q4_k(const float* x, const float* weights, uint8_t* block) {
  const Groups groups = fit_groups(x, weights, 15, block);
  put_sixes(groups, block + 4);
  put_group_nibbles(groups.levels, block + 16);
}

void pack_q5_k(const float* x, const float* weights, uint8_t* block) {
  const Groups groups = fit_groups(x, weights, 31, block);
  put_sixes(groups, block + 4);
  uint8_t* fifths = block + 16;
  std::fill_n(fifths, kGroup, uint8_t{0});
  for (int i = 0; i < kSuperBlock; ++i)
    fifths[i % kGroup] = static_cast<uint8_t>(fifths[i % kGroup] | (groups.levels[i] >> 4 & 1) << (i / kGroup));
  put_group_nibbles(groups.levels, block + 48);
}

void pack_q6_k(const float* x, const float* weights, uint8_t* block) {
  int8_t levels[kSuperBlock];
  float fits[kSuperBlock / kSmall], largest = 0;
  for (int g = 0; g < kSuperBlock / kSmall; ++g) {
    fits[g] = fit_scale(x + g * kSmall, weights + g * kSmall, kSmall, -32, 31, levels);
    largest = std::abs(fits[g]) > std::abs(largest) ? fits[g] : largest;
  }
  uint8_t *low = block, *high = block + 128, *scales = block + 192;
  std::fill_n(block, 208, uint8_t{0});
  const float d = put_half(block + 208, largest / -128);
  for (int g = 0; g < kSuperBlock / kSmall; ++g) {
    const int near = d != 0 ? std::clamp(static_cast<int>(std::lrintf(fits[g] / d)), -128, 127) : 0;
    scales[g] = static_cast<uint8_t>(settle(x + g * kSmall, weights + g * kSmall, d, near, levels + g * kSmall));
  }
  for (int i = 0; i < kSuperBlock; ++i) {
    const int level = levels[i] + 32, half = i / 128, part = i / 32 % 4;
    uint8_t& nibbles = low[64 * half + 32 * (part % 2) + i % 32];
    uint8_t& twos = high[32 * half + i % 32];
    nibbles = static_cast<uint8_t>(nibbles | (level & 15) << (part / 2 * 4));
    twos = static_cast<uint8_t>(twos | level >> 4 << (2 * part));
  }
}

}  // namespace malmoi::quantize
