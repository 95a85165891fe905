// Lines of ids and texts, and what a terminal is shown.
#include "app/tokenizer/lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/tokenizer/report.h"

namespace malmoi::app {
namespace {

using ::testing::HasSubstr;

tokenizer::Tokenizer letters() { return *tokenizer::Tokenizer::characters("abc\x1b\x7f\u009b가"); }

std::string why(std::string_view line, bool jsonl) {
  auto text = decode_line(letters(), line, {.jsonl = jsonl}, "ids.txt:3");
  return text.ok() ? "no error" : text.error().to_string();
}

TEST(TokenizerLines, IdsAreApartBySpacesOrCommas) {
  EXPECT_EQ(*decode_line(letters(), " 1,\t1 \r", {}, "w"), *decode_line(letters(), "1 1", {}, "w"));
  EXPECT_EQ(*decode_line(letters(), "[0]", {.jsonl = true}, "w"), "\"\\u001b\"");
}

TEST(TokenizerLines, WrongIdsAreNamed) {
  for (const char* id : {"2147483648", "99999999999999999999999", "-1"}) {
    EXPECT_THAT(why(std::string("1 ") + id + " 2", false),
                HasSubstr(std::string("ids.txt:3: the id ") + id + " is out of range"));
  }
  for (const char* id : {"2147483648", "18446744073709551615"})
    EXPECT_THAT(why(std::string("[1, ") + id + "]", true), HasSubstr(std::string("the id ") + id + " is out of range"));
  EXPECT_THAT(why("[-1]", true), HasSubstr("the id -1 is out of range"));
  for (bool jsonl : {false, true})
    EXPECT_THAT(
        why(jsonl ? "[1, 99]" : "1 99", jsonl),
        HasSubstr("ids.txt:3: the id 99 (number 2) is of no token; the ids of this vocabulary are from 0 to 6"));
  EXPECT_THAT(why("1 x", false), HasSubstr("not a number at column 3"));
  EXPECT_THAT(why("[1.5]", true), HasSubstr("no integer"));
  EXPECT_THAT(why("{}", true), HasSubstr("array"));
}

TEST(TokenizerReport, ATerminalIsShownControlsNotGivenThem) {
  std::string shown = inspect_for_terminal(letters(), "a\x1b\x7f\u009b가", {}, false);
  EXPECT_EQ(shown.find('\x1b'), std::string::npos);
  EXPECT_EQ(shown.find('\x7f'), std::string::npos);
  EXPECT_EQ(shown.find("\u009b"), std::string::npos);
  EXPECT_THAT(shown, HasSubstr("␛"));
  EXPECT_THAT(shown, HasSubstr("⟨U+009B⟩"));
  EXPECT_THAT(shown, HasSubstr("가"));
}

}  // namespace
}  // namespace malmoi::app
