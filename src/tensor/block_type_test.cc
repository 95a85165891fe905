// Packed weights against the `gguf` package's (tests/make_blocks.py).
#include "tensor/block_type.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/ascii.h"

namespace malmoi {
namespace {

std::string bytes_of(const std::string& name) {
  std::ifstream file(std::string(MALMOI_TEST_DATA) + "/blocks/" + name, std::ios::binary);
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
