// Weights to NF4 (Dettmers et al. 2023), as bitsandbytes packs them: the scale is the largest size, each weight gets the nearest level.
#include <algorithm>
#include <cmath>

#include "quantize/pack.h"
#include "quantize/stored_half.h"
#include "tensor/blocks/nf4.h"

namespace malmoi::quantize {
namespace {

using blocks::kNf4Elements, blocks::kNf4Half, blocks::kNf4Levels;

// The code of each number: how many of the fifteen middles between neighbouring levels are below it.
void nearest_levels(const float* x, uint8_t* codes) {
  int32_t below[kNf4Elements] = {};
  for (int i = 0; i < 15; ++i) {
    const float middle = (kNf4Levels[i] + kNf4Levels[i + 1]) / 2;
    for (int j = 0; j < kNf4Elements; ++j) below[j] += static_cast<int32_t>(x[j] > middle);
  }
  for (int j = 0; j < kNf4Elements; ++j) codes[j] = static_cast<uint8_t>(below[j]);
}

}  // namespace

// The scale is rounded to f16 first, so that levels are those nearest to what comes back. It costs less than a hundredth of what
// rounding to levels does; bitsandbytes' second quantisation, of scales to 8 bits, costs more and saves 1/8 bit.
void pack_nf4(const float* x, const float*, uint8_t* block) {
  float largest = 0;
  for (int j = 0; j < kNf4Elements; ++j) largest = std::max(largest, std::abs(x[j]));
  const float scale = put_half(block, largest);
  float scaled[kNf4Elements];
  for (int j = 0; j < kNf4Elements; ++j) scaled[j] = scale > 0 ? x[j] / scale : 0;
  uint8_t codes[kNf4Elements];
  nearest_levels(scaled, codes);
  for (int half = 0; half < kNf4Elements; half += kNf4Half) {
    for (int i = half; i < half + kNf4Half / 2; ++i)
      block[2 + i - half / 2] = static_cast<uint8_t>(codes[i] | codes[i + kNf4Half / 2] << 4);
  }
}

}  // namespace malmoi::quantize
