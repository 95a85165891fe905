// Where the answer stands in a completion, and how it is compared.
#include "reward/answer_text.h"

#include <gtest/gtest.h>

namespace malmoi::reward {
namespace {

std::string marked(std::string_view text) { return std::string(marked_answer(text).value_or("nothing")); }

TEST(AnswerText, WhatStandsLastIsTheMarkedAnswer) {
  EXPECT_EQ(marked("so \\boxed{42} it is"), "42");
  EXPECT_EQ(marked("\\boxed{\\frac{1}{2}}"), "\\frac{1}{2}");
  EXPECT_EQ(marked("\\boxed{1} then \\boxed{ 2 }"), "2");
  EXPECT_EQ(marked("\\boxed{\\{1\\}}"), "\\{1\\}");
  EXPECT_EQ(marked("steps\n#### 1,200\n"), "1,200");
  EXPECT_EQ(marked("#### 3"), "3");
  EXPECT_EQ(marked("<answer>\nyes\n</answer>"), "yes");
  EXPECT_EQ(marked("\\boxed{1}\n#### 2"), "2");
  EXPECT_EQ(marked("#### 2\n\\boxed{1}"), "1");
  EXPECT_EQ(marked("\\boxed{cut"), "nothing");
  EXPECT_EQ(marked("\\boxed{1} and \\boxed{cut"), "nothing");
  EXPECT_EQ(marked("no mark"), "nothing");
}

TEST(AnswerText, PartsOfACompletion) {
  EXPECT_EQ(answer_part(" a\nb \n\n", AnswerPart::kWhole), "a\nb");
  EXPECT_EQ(answer_part("a\n b \n\n", AnswerPart::kLastLine), "b");
  EXPECT_EQ(answer_part("one", AnswerPart::kLastLine), "one");
  EXPECT_FALSE(answer_part("one", AnswerPart::kMarked));
}

TEST(AnswerText, WhatIsIgnoredIsNotCompared) {
  EXPECT_EQ(compared_text("  Ab \t\n c ", {}), "Ab c");
  EXPECT_EQ(compared_text(" a ", {.ignore_space = false}), " a ");
  EXPECT_EQ(compared_text("ÀB", {.ignore_case = true}), "àb");
  EXPECT_EQ(compared_text("It's, fine. 「네」", {.ignore_punctuation = true}), "Its fine 네");
  EXPECT_EQ(compared_text("\u1112\u1161\u11ab", {}), "한") << "parts of a syllable are the syllable";
  EXPECT_EQ(compared_text("①", {}), "①");
  EXPECT_EQ(compared_text("①", {.compatible = true}), "1");
  EXPECT_EQ(compared_text("a\xff", {}), "a\xEF\xBF\xBD");
}

TEST(AnswerText, BlocksOfCode) {
  const auto blocks =
      code_blocks("x\n```python\na = 1\n```\ny\n~~~\n```\n~~~\n````c {.x}\nb\n```\nc\n````\n```js\ncut");
  ASSERT_EQ(blocks.size(), 4u);
  EXPECT_EQ(blocks[0].language, "python");
  EXPECT_EQ(blocks[0].code, "a = 1\n");
  EXPECT_EQ(blocks[1].language, "");
  EXPECT_EQ(blocks[1].code, "```\n") << "another fence is text";
  EXPECT_EQ(blocks[2].language, "c");
  EXPECT_EQ(blocks[2].code, "b\n```\nc\n") << "a shorter fence is text";
  EXPECT_EQ(blocks[3].language, "js");
  EXPECT_EQ(blocks[3].code, "cut") << "not closed: to the end";
  EXPECT_TRUE(code_blocks("a `` b").empty());
  EXPECT_EQ(code_blocks("```").size(), 1u);
}

TEST(AnswerText, TheLastBlockOfALanguageComesBeforeOneOfNone) {
  const std::vector<std::string> python = {"python", "py"};
  EXPECT_EQ(last_code("```py\n1\n```\n```\n2\n```\n", python), "1\n");
  EXPECT_EQ(last_code("```Python\n1\n```\n```python\n2\n```\n", python), "2\n");
  EXPECT_EQ(last_code("```\n1\n```\n```sh\n2\n```\n", python), "1\n");
  EXPECT_FALSE(last_code("```sh\n2\n```\n", python));
  EXPECT_FALSE(last_code("no code", python));
}

}  // namespace
}  // namespace malmoi::reward
