// Tests of the history of chats: what was typed comes back, bounded, and is its owner's alone.
#include "cli/chat/history_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/test_folder.h"

namespace malmoi::cli {
namespace {

using Entries = std::vector<std::string>;

TEST(HistoryFile, GivesBackWhatWasTyped) {
  const Path file = test_folder("history") / "state" / "malmoi" / "chat_history";
  HistoryFile history(file);
  EXPECT_TRUE(history.read().empty());
  ASSERT_TRUE(history.add("안녕?").ok());
  ASSERT_TRUE(history.add("two\nlines").ok());
  ASSERT_TRUE(history.add("two\nlines").ok());
  ASSERT_TRUE(HistoryFile(file).add("of another program").ok());
  EXPECT_EQ(history.read(), (Entries{"안녕?", "two\nlines", "of another program"}));
  ASSERT_TRUE(history.add(std::string(HistoryFile::kLongestEntry + 1, 'x')).ok());
  EXPECT_EQ(history.read().size(), 3u);
}

TEST(HistoryFile, WhatCannotBeReadIsNotWrittenOver) {
  const Path file = test_folder("history") / "chat_history";
  ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
  EXPECT_TRUE(HistoryFile(file).read().empty());
  EXPECT_FALSE(HistoryFile(file).add("new").ok());
  EXPECT_TRUE(std::filesystem::is_fifo(file));
}

TEST(HistoryFile, IsItsOwnersAlone) {
  const Path file = test_folder("history") / "state" / "chat_history";
  ASSERT_TRUE(HistoryFile(file).add("a secret").ok());
  struct stat info {};
  ASSERT_EQ(::stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(::stat(file.parent_path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST(HistoryFile, ForgetsTheOldestAndPassesOverWhatIsBroken) {
  const Path file = test_folder("history") / "chat_history";
  std::string content = "not json\n{\"a\": 1}\n";
  for (size_t i = 0; i < HistoryFile::kMostEntries; ++i) content += "\"" + std::to_string(i) + "\"\n";
  ASSERT_TRUE(write_file(file, content).ok());
  HistoryFile history(file);
  ASSERT_TRUE(history.add("new").ok());
  const Entries entries = history.read();
  ASSERT_EQ(entries.size(), HistoryFile::kMostEntries);
  EXPECT_EQ(entries.front(), "1");
  EXPECT_EQ(entries.back(), "new");
}

}  // namespace
}  // namespace malmoi::cli
