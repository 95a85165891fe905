// Every instruction set gives the bits of the plain way, number by number in the order of the block: so what pack.h writes is the
// same on all of them.
#include "quantize/lanes/lanes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "base/cpu.h"
#include "base/rng.h"

namespace malmoi::quantize {
namespace {

using Floats = std::vector<float>;

constexpr size_t kCount = 4 * kLaneRun;  // scales: some runs together, and one alone
constexpr std::pair<float, float> kRanges[] = {{-8, 7}, {-16, 15}, {-32, 31}, {0, 15}, {0, 31}};

struct Block {
  std::string name;
  Floats x, weights;
};

Block block_of(const std::string& name, size_t n, float (*value)(size_t i, Rng& rng)) {
  Rng rng(n);
  Block block{name, {}, {}};
  for (size_t i = 0; i < n; ++i) {
    block.x.push_back(value(i, rng));
    block.weights.push_back(0.01f + static_cast<float>(rng.next_u32() % 1000) / 1000);
  }
  return block;
}

std::vector<Block> blocks() {
  auto normal = [](size_t, Rng& rng) { return static_cast<float>(0.05 * rng.normal()); };
  return {block_of("normal", 32, normal), block_of("half a block", 16, normal),
          block_of("halves between levels", 32, [](size_t i, Rng&) { return 0.5f * (static_cast<float>(i) - 16); }),
          block_of("mostly zeros", 32, [](size_t i, Rng&) { return i == 5    ? -0.25f
                                                                   : i == 20 ? 0.25f
                                                                             : 0.0f; }),
          block_of("so small that quotients are infinite", 32,
                   [](size_t i, Rng&) { return 1e-42f * static_cast<float>(i); })};
}

// Calls test(lanes, input) for every instruction set that this machine can run, block and range of levels.
template <typename Test>
void each_case(const Test& test) {
  for (Isa isa : kIsas) {
    const Lanes* lanes = lanes_of(isa);
    if (!lanes || isa > detected_isa()) continue;
    for (const Block& block : blocks()) {
      for (auto [low, high] : kRanges) {
        SCOPED_TRACE(std::string(isa_name(isa)) + ", " + block.name + ", levels to " + std::to_string(high));
        test(*lanes, LaneInput{block.x.data(), block.weights.data(), static_cast<int>(block.x.size()), low, high});
      }
    }
  }
}

float level(float x, const LaneInput& in) { return std::nearbyint(std::clamp(x, in.low, in.high)); }

float finite_or_zero(float x) { return std::isfinite(x) ? x : 0; }

float step(size_t k) { return 0.1f * (static_cast<float>(k) - 9); }

TEST(Lanes, SumsOfScales) {
  each_case([](const Lanes& lanes, const LaneInput& in) {
    const float largest =
        *std::max_element(in.x, in.x + in.n, [](float a, float b) { return std::abs(a) < std::abs(b); });
    EXPECT_EQ(lanes.size(in.x, in.n), std::abs(largest));
    Floats ends, wanted_values(kCount), wanted_squares(kCount), wanted_gains(kCount);
    for (size_t k = 0; k < kCount; ++k) {
      ends.push_back((k % 2 == 0 ? in.low : in.high) + step(k / 2));
      const float by = finite_or_zero(ends[k] / largest);
      for (int i = 0; i < in.n; ++i) {
        const float q = level(in.x[i] * by, in);
        wanted_values[k] += in.weights[i] * in.x[i] * q;
        wanted_squares[k] += in.weights[i] * q * q;
      }
      if (wanted_squares[k] > 0) wanted_gains[k] = wanted_values[k] * wanted_values[k] / wanted_squares[k];
    }
    Floats values(kCount), squares(kCount), gains(kCount);
    const float most = lanes.scale_sums(in, kCount, ends.data(), largest, values.data(), squares.data(), gains.data());
    EXPECT_EQ(values, wanted_values);
    EXPECT_EQ(squares, wanted_squares);
    EXPECT_EQ(gains, wanted_gains);
    EXPECT_EQ(most, *std::max_element(gains.begin(), gains.end()));
  });
}

TEST(Lanes, SumsOfScalesWithAnOffset) {
  each_case([](const Lanes& lanes, const LaneInput& in) {
    const auto [least, most] = std::minmax_element(in.x, in.x + in.n);
    Floats inverse, wanted_sums(kCount), wanted_values(kCount), wanted_squares(kCount);
    for (size_t k = 0; k < kCount; ++k) {
      inverse.push_back(finite_or_zero((in.high + step(k)) / (*most - *least)));
      for (int i = 0; i < in.n; ++i) {
        const float q = level((in.x[i] - *least) * inverse[k], in);
        wanted_sums[k] += in.weights[i] * q;
        wanted_values[k] += in.weights[i] * in.x[i] * q;
        wanted_squares[k] += in.weights[i] * q * q;
      }
    }
    Floats sums(kCount), values(kCount), squares(kCount);
    lanes.offset_sums(in, kCount, *least, inverse.data(), sums.data(), values.data(), squares.data());
    EXPECT_EQ(sums, wanted_sums);
    EXPECT_EQ(values, wanted_values);
    EXPECT_EQ(squares, wanted_squares);
  });
}

TEST(Lanes, Errors) {
  each_case([](const Lanes& lanes, const LaneInput& in) {
    Floats scale, offset, inverse, wanted(kCount);
    for (size_t k = 0; k < kCount; ++k) {
      scale.push_back(0.004f * static_cast<float>(k + 1));
      offset.push_back(-0.003f * static_cast<float>(k));
      inverse.push_back(1 / scale[k]);
      for (int i = 0; i < in.n; ++i) {
        const float q = level((in.x[i] - offset[k]) * inverse[k], in);
        const float off = in.x[i] - (scale[k] * q + offset[k]);
        wanted[k] += in.weights[i] * off * off;
      }
    }
    Floats errors(kCount);
    lanes.errors(in, kCount, scale.data(), offset.data(), inverse.data(), errors.data());
    EXPECT_EQ(errors, wanted);
  });
}

TEST(Lanes, Levels) {
  each_case([](const Lanes& lanes, const LaneInput& in) {
    for (float inverse : {0.0f, 1.0f, 57.0f, -300.0f}) {
      std::vector<int8_t> wanted, q(static_cast<size_t>(in.n));
      for (int i = 0; i < in.n; ++i) wanted.push_back(static_cast<int8_t>(level((in.x[i] - 0.01f) * inverse, in)));
      lanes.levels(in, 0.01f, inverse, q.data());
      EXPECT_EQ(q, wanted) << inverse;
      lanes.levels(in, 0, 1, q.data());
      for (int i = 0; i < in.n; ++i) EXPECT_EQ(q[static_cast<size_t>(i)], level(in.x[i], in));
    }
  });
}

}  // namespace
}  // namespace malmoi::quantize
