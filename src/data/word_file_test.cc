#include "data/word_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace malmoi::data {
namespace {

TEST(WordFile, SectionsCommentsAndSigns) {
  constexpr std::string_view kFile =
      "# about the file\n\n[one]\n  first word \r\n# not a word\nsecond\n\\[list]\n\\#tag\n[two words]\n일\n[empty]\n";
  EXPECT_THAT(words_of(kFile, "one"), testing::ElementsAre("first word", "second", "[list]", "#tag"));
  EXPECT_THAT(words_of(kFile, "two words"), testing::ElementsAre("일"));
  EXPECT_TRUE(words_of(kFile, "empty").empty());
  EXPECT_TRUE(words_of(kFile, "none").empty());
  EXPECT_THAT(sections_of(kFile), testing::ElementsAre("one", "two words", "empty"));
}

}  // namespace
}  // namespace malmoi::data
