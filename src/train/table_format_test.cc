// Tests of rows of texts: what is encoded of them, what does not fit, and labels.
#include "train/table_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "train/objective.h"
#include "train/scores.h"
#include "train/test_words.h"

namespace malmoi::train {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(EncodeText, TextsStandAsTheTokenizerPutsThem) {
  const auto tokenizer = words_tokenizer();
  const EncodedText one = encode_text("good film", nullptr, tokenizer, 16);
  EXPECT_THAT(one.ids, ElementsAre(2, 5, 7, 3));
  const std::string second = "bad play";
  const EncodedText two = encode_text("good film", &second, tokenizer, 16);
  EXPECT_THAT(two.ids, ElementsAre(2, 5, 7, 3, 6, 8, 3));
  EXPECT_THAT(two.type_ids, ElementsAre(0, 0, 0, 0, 1, 1, 1));
  EXPECT_EQ(two.cut, 0);
}

TEST(EncodeText, TheLongerTextIsCutAtItsEnd) {
  const auto tokenizer = words_tokenizer();
  EXPECT_THAT(encode_text("good film bad play", nullptr, tokenizer, 4).ids, ElementsAre(2, 5, 7, 3));
  const std::string second = "bad play good";
  const EncodedText two = encode_text("film", &second, tokenizer, 6);
  EXPECT_THAT(two.ids, ElementsAre(2, 7, 3, 6, 8, 3));
  EXPECT_EQ(two.cut, 1);
}

TEST(EncodeText, AnOutputEnds) {
  const auto tokenizer = words_tokenizer("<|endoftext|>");
  const int32_t end = *tokenizer.id_of("<|endoftext|>");
  auto whole = encode_output("good film", tokenizer, 8);
  ASSERT_TRUE(whole.ok()) << whole.error().to_string();
  EXPECT_THAT(whole->ids, ElementsAre(2, 5, 7, 3, end));
  EXPECT_EQ(whole->cut, 0);
  auto cut = encode_output("good film bad", tokenizer, 4);
  ASSERT_TRUE(cut.ok());
  EXPECT_EQ(cut->ids.size(), 4u);
  EXPECT_EQ(cut->ids.back(), end) << "a cut output ends, too";
  EXPECT_GT(cut->cut, 0);

  std::string json = words_tokenizer_json();
  for (size_t at; (at = json.find("[SEP]")) != json.npos;) json.replace(at, 5, "[GAP]");
  auto endless = tokenizer::Tokenizer::from_json(json);
  ASSERT_TRUE(endless.ok()) << endless.error().to_string();
  auto refused = encode_output("good", *endless, 4);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().to_string(), HasSubstr("no token that ends a text"));
}

TEST(Classification, RowsBecomeArrays) {
  const auto tokenizer = words_tokenizer();
  const TableFormat& table = objective_entry("classification").table;
  const std::vector<std::string> labels{"no", "yes"};
  const RowEncoding rules{.tokenizer = tokenizer, .labels = labels, .max_length = 8};
  auto encode = [&](const Json& text, const Json& label) {
    const Json* cells[] = {&text, nullptr, &label};
    return table.encode({cells, "file (line 3)"}, rules);
  };
  auto row = encode("good film", "yes");
  ASSERT_TRUE(row.ok()) << row.error().to_string();
  EXPECT_THAT(row->integers[0], ElementsAre(2, 5, 7, 3));
  EXPECT_THAT(row->integers[1], ElementsAre(1, 1, 1, 1));
  EXPECT_THAT(row->integers[2], ElementsAre(1));
  EXPECT_THAT(encode("good", "maybe").error().to_string(), HasSubstr("file (line 3): the label 'maybe' is not one"));
  EXPECT_THAT(encode("  ", "yes").error().to_string(), HasSubstr("the text is empty"));
  EXPECT_THAT(encode(Json::array(), "yes").error().to_string(), HasSubstr("the text is not a text"));
  EXPECT_THAT(encode("good", Json()).error().to_string(), HasSubstr("the label is empty"));
}

TEST(Labels, NumbersAreIndicesWhereNobodyNamedThem) {
  const auto tokenizer = words_tokenizer();
  const std::vector<std::string> unnamed{"LABEL_0", "LABEL_1"}, named{"no", "yes"};
  EXPECT_EQ(*label_index("1", unnamed, ""), 1);
  EXPECT_FALSE(label_index("2", unnamed, "").ok());
  EXPECT_FALSE(label_index("1", named, "").ok());
}

TEST(Scores, MacroF1IsScikitLearns) {
  // sklearn.metrics.f1_score([0, 0, 1, 1, 2], [0, 1, 1, 1, 0], average="macro") = (0.5 + 0.8 + 0) / 3
  EXPECT_NEAR(macro_f1({.targets = {0, 0, 1, 1, 2}, .predicted = {0, 1, 1, 1, 0}}), (0.5 + 0.8) / 3, 1e-12);
  EXPECT_EQ(macro_f1({.targets = {1, 1}, .predicted = {1, 1}}), 1);
}

}  // namespace
}  // namespace malmoi::train
