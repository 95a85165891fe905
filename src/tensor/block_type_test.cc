// Packed weights against the `gguf` package's (tests/make_blocks.py).
#include "tensor/block_type.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/ascii.h"

namespace malmoi {
namespace {

std::string bytes_of(const std::string& name) {
  std::ifstream file(std::filesystem::path(MALMOI_TEST_DATA) / "blocks" / name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(BlockType, EveryTypeUnpacksAsItIsDefined) {
  ASSERT_FALSE(block_formats().empty());
  for (const BlockFormat& format : block_formats()) {
    const std::string name(format.name);
    SCOPED_TRACE(name);
    const std::string blocks = bytes_of(name + ".blocks"), stored = bytes_of(name + ".f32");
    const size_t count = blocks.size() / static_cast<size_t>(format.bytes);
    ASSERT_GE(count, 1u);
    ASSERT_EQ(count * static_cast<size_t>(format.bytes), blocks.size());
    std::vector<float> wanted(count * static_cast<size_t>(format.elements)), got(wanted.size());
    ASSERT_EQ(stored.size(), wanted.size() * sizeof(float));
    std::memcpy(wanted.data(), stored.data(), stored.size());
    decode_blocks(format, blocks.data(), static_cast<int64_t>(count), got.data());
    for (size_t i = 0; i < got.size(); ++i) ASSERT_EQ(got[i], wanted[i]) << i;
  }
}

// Dettmers et al. 2023, appendix E; how bitsandbytes chooses the probabilities makes 0 one of the levels.
TEST(BlockType, TheLevelsOfNf4AreQuantiles) {
  constexpr double kLast = 0.9677083, kLastQuantile = 1.848130959757;
  const BlockFormat& format = block_format(BlockType::NF4);
  std::vector<uint8_t> block(static_cast<size_t>(format.bytes));
  block[1] = 0x3C;  // a scale of 1
  for (uint8_t i = 0; i < 16; ++i) block[2u + i] = i;
  std::vector<float> levels(static_cast<size_t>(format.elements));
  decode_blocks(format, block.data(), 1, levels.data());
  EXPECT_EQ(levels[0], -1);
  EXPECT_EQ(levels[7], 0);
  EXPECT_EQ(levels[15], 1);
  for (size_t i = 0; i < 16; ++i) {
    const double place = static_cast<double>(i) - 7;
    const double wanted = 0.5 + (kLast - 0.5) * place / (i < 7 ? 7 : 8);
    const double quantile = kLastQuantile * static_cast<double>(levels[i]);
    EXPECT_NEAR(0.5 * std::erfc(-quantile / std::sqrt(2.0)), wanted, 1e-6) << i;
  }
}

TEST(BlockType, ScalesOfNf4ThatAreNotFiniteAreFound) {
  const BlockFormat& format = block_format(BlockType::NF4);
  std::vector<uint8_t> blocks(3 * static_cast<size_t>(format.bytes));
  EXPECT_EQ(first_not_finite(format, blocks.data(), 3), 3);
  blocks[2 * static_cast<size_t>(format.bytes) + 1] = 0x7C;  // infinite
  EXPECT_EQ(first_not_finite(format, blocks.data(), 3), 2);
  blocks[1] = 0x7E;  // no number
  EXPECT_EQ(first_not_finite(format, blocks.data(), 3), 0);
}

TEST(BlockType, NamesAreKnown) {
  for (const BlockFormat& format : block_formats()) {
    EXPECT_EQ(find_block_format(format.name), &format);
    EXPECT_EQ(find_block_format(ascii_lower(format.name)), &format);
    EXPECT_EQ(&block_format(format.type), &format);
    EXPECT_EQ(format.elements % format.group, 0);
    EXPECT_LE(format.groups(), kMaxBlockGroups);
  }
  EXPECT_EQ(find_block_format("F16"), nullptr);
}

}  // namespace
}  // namespace malmoi
