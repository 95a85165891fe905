#include "data/decontaminate/decontaminate.h"

#include "data/filters/test_filter.h"

namespace malmoi::data {
namespace {

TEST(Decontamination, FindsItemsByTheirNgrams) {
  Decontaminator index({.ngram = 9});
  index.add("quiz", "1", "What is the name of the river that carried the old bridge away from the village?");
  index.add("quiz", "2", "Which animal refused to step on wet timber today, exactly?");
  index.add("kor", "1", "밤사이 강물이 불어나 마을의 오래된 다리가 떠내려갔기 때문에");
  index.add("kor", "2", "짧은 항목");
  index.build();
  EXPECT_EQ(index.items(), 3u);
  EXPECT_EQ(index.skipped(), 1u);
  auto hits = index.find(english());
  ASSERT_EQ(hits.size(), 0u) << "eight words in a row are not nine";
  hits = index.find("Someone asked: what is the NAME of the river, that carried -- the old bridge away?");
  ASSERT_EQ(hits.size(), 1u);
  EXPECT_EQ(hits[0].set, "quiz");
  EXPECT_EQ(hits[0].item, "1");
  EXPECT_EQ(hits[0].total, 8u);
  EXPECT_EQ(hits[0].matched, 5u);
  EXPECT_EQ(hits[0].begin, 15u);
  hits = index.find(korean());
  ASSERT_EQ(hits.size(), 1u);
  EXPECT_EQ(hits[0].set, "kor");
  EXPECT_TRUE(index.find("").empty());
}

TEST(Decontamination, ReadsEvaluationFiles) {
  Path jsonl = temporary("set.jsonl"), tsv = temporary("other.tsv"), txt = temporary("plain.txt");
  ASSERT_TRUE(
      write_file(jsonl, "{\"q\": \"one two three four five six\", \"a\": [\"seven eight nine ten eleven\"]}\n\n").ok());
  ASSERT_TRUE(write_file(tsv, "id\ttext\n1\talpha beta gamma delta epsilon\n").ok());
  ASSERT_TRUE(write_file(txt, "first words of a\nparagraph here\n\nsecond one is over there now\n").ok());
  Decontaminator index({.ngram = 5, .min_overlap = 0.5});
  for (const Path& path : {jsonl, tsv, txt}) ASSERT_TRUE(index.add_file(path).ok());
  index.build();
  auto names = [&](const std::string& text) {
    std::string out;
    for (const auto& hit : index.find(text)) out += hit.set + ":" + hit.item + " ";
    return out;
  };
  EXPECT_EQ(names("x one two three four five six"), "set:1.q ");
  EXPECT_EQ(names("seven eight nine ten eleven"), "set:1.a[0] ");
  EXPECT_EQ(names("alpha beta gamma delta epsilon!"), "other:2.2 ");
  EXPECT_EQ(names("FIRST words of a paragraph here. Second one is over there now"), "plain:1 plain:4 ");
  EXPECT_FALSE(Decontaminator().add_file(temporary("absent.jsonl")).ok());
  ASSERT_TRUE(write_file(jsonl, "{not json\n").ok());
  EXPECT_FALSE(Decontaminator().add_file(jsonl).ok());
}

}  // namespace
}  // namespace malmoi::data
