// NF4 is packed as it is defined: the largest size and the nearest levels. It stands in memory alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/rng.h"
#include "quantize/pack.h"
#include "quantize/type_choice.h"
#include "tensor/blocks/nf4.h"
#include "tensor/dtype.h"

namespace malmoi::quantize {
namespace {

using blocks::kNf4Levels;
using ::testing::HasSubstr;

std::vector<float> nf4_and_back(const std::vector<float>& row) {
  const BlockFormat& format = block_format(BlockType::NF4);
  const auto columns = static_cast<int64_t>(row.size());
  std::vector<uint8_t> blocks(format.bytes_of(columns));
  pack_row(format.type, row.data(), columns, {}, blocks.data());
  std::vector<float> back(row.size());
  decode_blocks(format, blocks.data(), columns / format.elements, back.data());
  return back;
}

TEST(PackNf4, LevelsComeBackInTheirPlaces) {
  std::vector<float> row(256);
  for (size_t i = 0; i < row.size(); ++i) row[i] = 0.375f * kNf4Levels[i * 7 % 16];  // in each block all of them
  EXPECT_EQ(nf4_and_back(row), row);
}

TEST(PackNf4, EachWeightGetsTheNearestLevel) {
  Rng rng(11);
  std::vector<float> row(64 * 32);
  for (float& x : row) x = static_cast<float>(0.02 * rng.normal());
  const std::vector<float> back = nf4_and_back(row);
  for (size_t begin = 0; begin < row.size(); begin += 64) {
    float largest = 0;
    for (size_t i = begin; i < begin + 64; ++i) largest = std::max(largest, std::abs(row[i]));
    const float scale = half_to_float(float_to_half(largest));
    for (size_t i = begin; i < begin + 64; ++i) {
      float least = std::numeric_limits<float>::max();
      for (float level : kNf4Levels) least = std::min(least, std::abs(row[i] - level * scale));
      EXPECT_NEAR(std::abs(row[i] - back[i]), least, 1e-6f * largest) << i;
    }
  }
}

TEST(PackNf4, BlocksOfZerosStayZeros) {
  std::vector<float> row(192, 0.0f);
  row[70] = -0.25f;  // zeros beside another weight, and blocks without any
  EXPECT_EQ(nf4_and_back(row), row);
  const std::vector<float> tiny(64, 1e-9f);  // f16 has no such scale
  for (float x : nf4_and_back(tiny)) EXPECT_EQ(x, 0);
}

TEST(PackNf4, NoFileHoldsIt) {
  for (const char* name : {"nf4", "NF4"}) {
    auto rule = parse_type_rule(std::string("attn_v=") + name);
    ASSERT_FALSE(rule.ok());
    EXPECT_THAT(rule.error().to_string(), HasSubstr("use q4_0 or q4_k"));
    auto choice = choose_types({}, name, {});
    ASSERT_FALSE(choice.ok());
    EXPECT_THAT(choice.error().to_string(), HasSubstr("GGUF files have no type"));
    EXPECT_THAT(choice.error().to_string(), HasSubstr("use q4_0 or q4_k_m"));
  }
}

}  // namespace
}  // namespace malmoi::quantize
