// Tests of pairs out of two trees: what is aligned, and what is left out.
#include "data/pairs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace malmoi::data {
namespace {

using testing::ElementsAre;
using testing::Pair;

class Pairs : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = Path(testing::TempDir()) / "malmoi_pairs";
    std::filesystem::remove_all(folder_);
  }
  void write(const std::string& name, const std::string& content) {
    ASSERT_TRUE(make_folder((folder_ / name).parent_path()).ok());
    ASSERT_TRUE(write_file(folder_ / name, content).ok());
  }
  Result<PairReport> align(const PairOptions& options = {}) {
    pairs_.clear();
    return align_trees(
        folder_ / "ko", folder_ / "en", options, [](Skip) {},
        [&](TextPair&& pair) -> Status {
          pairs_.emplace_back(pair.source, pair.target);
          return {};
        });
  }
  Path folder_;
  std::vector<std::pair<std::string, std::string>> pairs_;
};

TEST_F(Pairs, ParagraphsOfOnePlaceBelongTogether) {
  write("ko/a/1.html", "<h1>저장</h1><p>문서를 저장합니다.</p><p>Export</p>");
  write("en/a/1.html", "<h1>Save</h1><p>Saves the document.</p><p>Export</p>");
  write("ko/2.txt", "한 문단\n\n두 문단\n");
  write("en/2.txt", "one paragraph\n");
  write("ko/3.txt", "저장\n");
  write("en/3.txt", "Save\n");
  write("en/4.txt", "alone\n");
  auto report = align();
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_THAT(pairs_, ElementsAre(Pair("저장", "Save"), Pair("문서를 저장합니다.", "Saves the document.")));
  EXPECT_EQ(report->documents, 3u);
  EXPECT_EQ(report->unaligned, 1u);
  EXPECT_EQ(report->untranslated, 1u);
  EXPECT_EQ(report->repeated, 1u);
  EXPECT_EQ(report->alone, 1u);
}

TEST_F(Pairs, WhatCannotBeATranslationIsLeftOut) {
  write("ko/1.txt", "가나다라\n\n가\n\n저장 단추를 누르면 문서가 저장됩니다\n");
  write("en/1.txt",
        "a text that is far too long to be what these four syllables say, whatever the language, and whoever reads "
        "it\n\nA\n\nPress Save\n");
  auto report = align();
  ASSERT_TRUE(report.ok());
  EXPECT_THAT(pairs_, ElementsAre(Pair("저장 단추를 누르면 문서가 저장됩니다", "Press Save")));
  EXPECT_EQ(report->unfit, 2u);
}

TEST_F(Pairs, NothingInCommonIsAnError) {
  write("ko/1.txt", "가나");
  write("en/2.txt", "ab");
  EXPECT_FALSE(align().ok());
  std::filesystem::remove_all(folder_ / "en");
  EXPECT_FALSE(align().ok());
}

}  // namespace
}  // namespace malmoi::data
