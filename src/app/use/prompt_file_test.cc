// Tests of prompts in files: their encodings, and the line break at their end.
#include "app/use/prompt_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_folder.h"

namespace malmoi::app {
namespace {

std::string prompt_of(const std::string& bytes) {
  const Path file = test_folder("prompt_file") / "prompt.txt";
  EXPECT_TRUE(write_file(file, bytes).ok());
  auto prompt = read_prompt(file.string());
  return prompt.ok() ? *prompt : "error: " + prompt.error().to_string();
}

TEST(PromptFile, OneLineBreakAtTheEndIsTheFiles) {
  EXPECT_EQ(prompt_of("오늘 날씨가\n"), "오늘 날씨가");
  EXPECT_EQ(prompt_of("a\r\nb\r\n"), "a\r\nb");
  EXPECT_EQ(prompt_of("a\n\n"), "a\n");
  EXPECT_EQ(prompt_of("a"), "a");
  EXPECT_EQ(prompt_of(""), "");
}

TEST(PromptFile, IsReadInItsEncoding) {
  EXPECT_EQ(prompt_of("\xEF\xBB\xBF말모이\n"), "말모이");
  // CP949 of a sentence that is long enough to be told.
  EXPECT_EQ(prompt_of("\xBF\xC0\xB4\xC3 \xB3\xAF\xBE\xBE\xB0\xA1 \xB3\xCA\xB9\xAB \xC1\xC1\xB4\xD9.\n"),
            "오늘 날씨가 너무 좋다.");
  EXPECT_THAT(prompt_of(std::string("\0\1\2\3\0\0\0\7", 8)), testing::HasSubstr("prompt.txt"));
  EXPECT_FALSE(read_prompt((test_folder("prompt_file") / "missing").string()).ok());
}

}  // namespace
}  // namespace malmoi::app
