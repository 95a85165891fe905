// Sets of characters, and their bytes.
#include "grammar/code_points.h"

#include <gtest/gtest.h>

#include <string>

#include "base/utf8.h"

namespace malmoi::grammar {
namespace {

TEST(CodePoints, SetsAreSortedAndWithoutSurrogates) {
  const CodePointSet set({{'m', 'p'}, {'a', 'c'}, {'d', 'f'}, {0xD000, 0xE000}, {'o', 'q'}});
  const std::vector<CodePointRange> expected{{'a', 'f'}, {'m', 'q'}, {0xD000, 0xD7FF}, {0xE000, 0xE000}};
  EXPECT_EQ(set.ranges(), expected);
  EXPECT_TRUE(set.contains('e'));
  EXPECT_FALSE(set.contains('g'));
  EXPECT_EQ(set.complement().complement(), set);
  EXPECT_TRUE(set.common(set.complement()).empty());
  EXPECT_EQ(set.united(set.complement()), CodePointSet::all());
  EXPECT_EQ(set.without(CodePointSet({{'b', 'n'}})).ranges()[0], (CodePointRange{'a', 'a'}));
}

bool spells(const std::vector<ByteRanges>& sequences, const std::string& bytes) {
  int found = 0;
  for (const ByteRanges& sequence : sequences) {
    bool fits = sequence.length == static_cast<int>(bytes.size());
    for (size_t i = 0; i < bytes.size() && fits; ++i) {
      const auto byte = static_cast<uint8_t>(bytes[i]);
      fits = byte >= sequence.bytes[i].first && byte <= sequence.bytes[i].last;
    }
    found += fits;
  }
  EXPECT_LE(found, 1);
  return found == 1;
}

TEST(CodePoints, BytesSpellExactlyTheSet) {
  const CodePointSet set(
      {{'a', 'z'}, {0x7F, 0x85}, {0x3B1, 0x7FF}, {0xAC00, 0xD7A3}, {0xFFFE, 0x10005}, {0x1F600, 0x10FFFF}});
  const std::vector<ByteRanges> sequences = utf8_ranges(set);
  for (char32_t code_point = 0; code_point <= kLastCodePoint; code_point += code_point < 0x11000 ? 1 : 61) {
    if (code_point >= 0xD800 && code_point <= 0xDFFF) continue;
    std::string bytes;
    append_utf8(bytes, code_point);
    ASSERT_EQ(spells(sequences, bytes), set.contains(code_point)) << static_cast<uint32_t>(code_point);
  }
}

}  // namespace
}  // namespace malmoi::grammar
