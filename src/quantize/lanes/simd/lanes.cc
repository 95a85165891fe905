// The lanes of lanes.h as vectors of the compiler's, compiled once for each instruction set.
#include "quantize/lanes/lanes.h"

#include <cstring>

namespace malmoi::quantize::MALMOI_SIMD_NAMESPACE {
namespace {

#if defined(__AVX512F__)
constexpr int kWidth = 16;
#elif defined(__AVX2__)
constexpr int kWidth = 8;
#else
constexpr int kWidth = 4;
#endif
typedef float Vector __attribute__((vector_size(kWidth * sizeof(float))));
typedef int32_t Integers __attribute__((vector_size(kWidth * sizeof(int32_t))));
typedef int8_t Bytes __attribute__((vector_size(kWidth)));
constexpr int kVectors = kLaneRun / kWidth;

// A run of lanes.
struct Run {
  Vector part[kVectors];
};

Run load(const float* from) {
  Run run;
  std::memcpy(&run, from, sizeof run);
  return run;
}

void store(const Run& run, float* to) { std::memcpy(to, &run, sizeof run); }

// Adding and taking away this leaves whole numbers, rounded to even: it has no bits for fractions.
constexpr float kWhole = 12582912.0f;  // 1.5 * 2^23

Vector level(Vector x, float low, float high) {
  const Vector least = Vector{} + low, most = Vector{} + high;
  x = x < least ? least : x;
  x = x > most ? most : x;
  return (x + kWhole) - kWhole;
}

Vector larger(Vector a, Vector b) { return a > b ? a : b; }

float largest_of(Vector of_lanes) {
  float values[kWidth];
  std::memcpy(values, &of_lanes, sizeof values);
  for (int half = kWidth / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) values[i] = values[i] > values[i + half] ? values[i] : values[i + half];
  }
  return values[0];
}

float size(const float* x, int n) {
  Vector most{};
  for (int i = 0; i < n; i += kLaneRun) {
    for (const Vector& part : load(x + i).part) most = larger(most, larger(part, -part));
  }
  return largest_of(most);
}

struct ScaleSums {
  float *values, *squares, *gains;
};

// Several runs at once: what a number is multiplied by is loaded once for all of them.
template <int kRuns>
Vector sums_of_runs(const LaneInput& in, const float* ends, float largest, ScaleSums to) {
  constexpr int kAll = kRuns * kVectors;
  Vector by[kAll], xq[kAll] = {}, qq[kAll] = {}, most{};
  std::memcpy(by, ends, sizeof by);
  for (Vector& part : by) {
    part /= Vector{} + largest;
    part = part - part == Vector{} ? part : Vector{};  // infinite less itself is no number
  }
  for (int i = 0; i < in.n; ++i) {
    const Vector x = Vector{} + in.x[i], w = Vector{} + in.weights[i], wx = w * x;
    for (int v = 0; v < kAll; ++v) {
      const Vector q = level(x * by[v], in.low, in.high);
      xq[v] += wx * q;
      qq[v] += w * q * q;
    }
  }
  std::memcpy(to.values, xq, sizeof xq);
  std::memcpy(to.squares, qq, sizeof qq);
  for (int v = 0; v < kAll; ++v) {
    const Vector gain = xq[v] * xq[v] / qq[v];
    xq[v] = qq[v] > Vector{} ? gain : Vector{};
    most = larger(most, xq[v]);
  }
  std::memcpy(to.gains, xq, sizeof xq);
  return most;
}

float scale_sums(const LaneInput& in, int lanes, const float* ends, float largest, float* value_sums,
                 float* square_sums, float* gains) {
  constexpr int kTogether = kWidth == kLaneRun ? 3 : 1;  // where that many sums stay in registers
  Vector most{};
  int k = 0;
  for (; k + kTogether * kLaneRun <= lanes; k += kTogether * kLaneRun)
    most = larger(most, sums_of_runs<kTogether>(in, ends + k, largest, {value_sums + k, square_sums + k, gains + k}));
  for (; k < lanes; k += kLaneRun)
    most = larger(most, sums_of_runs<1>(in, ends + k, largest, {value_sums + k, square_sums + k, gains + k}));
  return largest_of(most);
}

void offset_sums(const LaneInput& in, int lanes, float least, const float* inverse, float* sums, float* value_sums,
                 float* square_sums) {
  for (int k = 0; k < lanes; k += kLaneRun) {
    const Run by = load(inverse + k);
    Run wq{}, xq{}, qq{};
    for (int i = 0; i < in.n; ++i) {
      const float x = in.x[i], above = x - least, w = in.weights[i], wx = w * x;
      for (int v = 0; v < kVectors; ++v) {
        const Vector q = level(above * by.part[v], in.low, in.high);
        wq.part[v] += w * q;
        xq.part[v] += wx * q;
        qq.part[v] += w * q * q;
      }
    }
    store(wq, sums + k);
    store(xq, value_sums + k);
    store(qq, square_sums + k);
  }
}

void errors(const LaneInput& in, int lanes, const float* scale, const float* offset, const float* inverse,
            float* errors) {
  for (int k = 0; k < lanes; k += kLaneRun) {
    const Run scales = load(scale + k), offsets = load(offset + k), by = load(inverse + k);
    Run lost{};
    for (int i = 0; i < in.n; ++i) {
      const float x = in.x[i], w = in.weights[i];
      for (int v = 0; v < kVectors; ++v) {
        const Vector q = level((x - offsets.part[v]) * by.part[v], in.low, in.high);
        const Vector off = x - (scales.part[v] * q + offsets.part[v]);
        lost.part[v] += w * off * off;
      }
    }
    store(lost, errors + k);
  }
}

void levels(const LaneInput& in, float offset, float inverse, int8_t* q) {
  for (int i = 0; i < in.n; i += kLaneRun) {
    const Run x = load(in.x + i);
    for (int v = 0; v < kVectors; ++v) {
      const Vector whole = level((x.part[v] - offset) * inverse, in.low, in.high);
      const Bytes bytes = __builtin_convertvector(__builtin_convertvector(whole, Integers), Bytes);
      std::memcpy(q + i + v * kWidth, &bytes, sizeof bytes);
    }
  }
}

}  // namespace

extern const Lanes kLanes{size, scale_sums, offset_sums, errors, levels};

}  // namespace malmoi::quantize::MALMOI_SIMD_NAMESPACE
