// The scale and offset that lose least when numbers are rounded to few levels.
#pragma once

#include <cstdint>
#include <span>

namespace malmoi::quantize {

/// x[i] is about scale * q[i] with q[i] in [low, high]. Of some forty scales near the one that maps the number of largest size
/// to an end of the range, each followed by the least-squares scale of its q, the one with the least
///     sum_i w[i] (x[i] - scale q[i])^2
/// is returned; q of it is written. 0 where all x are 0.
float fit_scale(const float* x, const float* weights, int n, int low, int high, int8_t* q);

struct ScaleAndOffset {
  float scale = 0, offset = 0;
};
/// The same with x[i] about scale * q[i] + offset, q[i] in [0, high]. `below_zero`: the offset must not be positive.
ScaleAndOffset fit_scale_and_offset(const float* x, const float* weights, int n, int high, bool below_zero, int8_t* q);

/// Of the pairs, at most 38, the index of the one that loses least; its q is written. -1, and nothing written: no error is a
/// number.
int least_error(const float* x, const float* weights, int n, std::span<const ScaleAndOffset> tried, int low, int high,
                int8_t* q);

/// Each q is the nearest level in [low, high] of (x - offset) / scale; `n` is a multiple of 16, here and above.
void round_to_levels(const float* x, const float* weights, int n, ScaleAndOffset by, int low, int high, int8_t* q);

}  // namespace malmoi::quantize
