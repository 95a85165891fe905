// Many scales of one block tried side by side: each lane is a scale, so that its sums are added up in the order of the block,
// whatever the instruction set.
#pragma once

#include <cstdint>

namespace malmoi {
// base/cpu.h's: named alone, since this is compiled for each instruction set, and a linker would share what headers define.
enum class Isa;
}  // namespace malmoi

namespace malmoi::quantize {

/// Lanes are worked through in runs of this many: arrays of scales, and of what comes out, have a multiple of it.
inline constexpr int kLaneRun = 16;

/// The numbers of a block, x[n], which are finite, and how much an error of each counts.
struct LaneInput {
  const float *x, *weights;
  int n;
  float low, high;  // the ends of the levels, whole numbers
};

/// One implementation. `lanes`: a multiple of kLaneRun. Levels are rounded to the nearest, halves to even.
struct Lanes {
  /// The largest |x|.
  float (*size)(const float* x, int n);
  /// With q = level(x ends[k] / largest): value_sums[k] = sum w x q, square_sums[k] = sum w q^2, and what the least-squares
  /// scale of these q gains, gains[k] = value_sums^2 / square_sums, 0 where no q is. A quotient that is not finite counts as 0. Returns
  /// the largest gain.
  float (*scale_sums)(const LaneInput& in, int lanes, const float* ends, float largest, float* value_sums,
                      float* square_sums, float* gains);
  /// With q = level((x - least) inverse[k]): sums[k] = sum w q, and those of w x q and w q^2.
  void (*offset_sums)(const LaneInput& in, int lanes, float least, const float* inverse, float* sums, float* value_sums,
                      float* square_sums);
  /// With q = level((x - offset[k]) inverse[k]): errors[k] = sum w (x - (scale[k] q + offset[k]))^2.
  void (*errors)(const LaneInput& in, int lanes, const float* scale, const float* offset, const float* inverse,
                 float* errors);
  /// q[i] = level((x[i] - offset) inverse), where the block is of whole runs.
  void (*levels)(const LaneInput& in, float offset, float inverse, int8_t* q);
};

/// That of the instruction set in use. All of them give the same bits.
const Lanes& lanes();
/// That of an instruction set, which this CPU may not have; null where this build has none for it.
const Lanes* lanes_of(Isa isa);

namespace baseline {
extern const Lanes kLanes;
}
namespace avx2 {
extern const Lanes kLanes;
}
namespace avx512 {
extern const Lanes kLanes;
}

}  // namespace malmoi::quantize
