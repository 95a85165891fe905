// Tests of lines that become messages and commands.
#include "cli/chat/message_lines.h"

#include <gtest/gtest.h>

#include <vector>

namespace malmoi::cli {
namespace {

using Kind = Entry::Kind;

// The entry of lines of which only the last makes it whole.
Entry entry_of(const std::vector<std::string>& lines) {
  MessageLines message;
  for (size_t i = 0; i < lines.size(); ++i) {
    EXPECT_EQ(message.add(lines[i]), i + 1 == lines.size()) << lines[i];
    EXPECT_EQ(message.begun(), i + 1 < lines.size()) << lines[i];
  }
  return message.take();
}

void expect_message(const std::vector<std::string>& lines, const std::string& text) {
  Entry entry = entry_of(lines);
  EXPECT_EQ(entry.kind, Kind::kMessage) << text;
  EXPECT_EQ(entry.text, text);
  // What a history gives back is the same message again.
  Entry again = entry_of({entry.typed});
  EXPECT_EQ(again.kind, Kind::kMessage) << entry.typed;
  EXPECT_EQ(again.text, text);
}

TEST(MessageLines, ALineIsAMessage) {
  expect_message({"안녕?"}, "안녕?");
  expect_message({"pasted\nlines\n\nof code"}, "pasted\nlines\n\nof code");
  expect_message({"a / b"}, "a / b");
  EXPECT_EQ(entry_of({""}).kind, Kind::kNothing);
  EXPECT_EQ(entry_of({" \t"}).kind, Kind::kNothing);
}

TEST(MessageLines, ABackslashGoesOn) {
  expect_message({"first\\", "second\\", "third"}, "first\nsecond\nthird");
  expect_message({"a\\b"}, "a\\b");
}

TEST(MessageLines, QuotesHoldAnyLines) {
  expect_message({"\"\"\"", "a", "", "/b\\", "\"\"\""}, "a\n\n/b\\");
  expect_message({"\"\"\"a", "b\"\"\" "}, "a\nb");
  expect_message({"\"\"\"one line\"\"\""}, "one line");
  expect_message({"\"\"\"a \"quoted\" word\"", "\"\"\""}, "a \"quoted\" word\"");
  EXPECT_EQ(entry_of({"\"\"\"", "\"\"\""}).kind, Kind::kNothing);
}

TEST(MessageLines, SlashesBeginCommandsAndTwoAMessage) {
  Entry entry = entry_of({"/system be\\", "brief"});
  EXPECT_EQ(entry.kind, Kind::kCommand);
  EXPECT_EQ(entry.text, "/system be\nbrief");
  expect_message({"//usr/bin holds programs"}, "/usr/bin holds programs");
  expect_message({"\"\"\"/help\"\"\""}, "/help");
}

TEST(MessageLines, WhatWasBegunCanBeDropped) {
  MessageLines message;
  EXPECT_FALSE(message.add("\"\"\"a"));
  message.drop();
  EXPECT_FALSE(message.begun());
  EXPECT_TRUE(message.add("b"));
  EXPECT_EQ(message.take().text, "b");
}

}  // namespace
}  // namespace malmoi::cli
