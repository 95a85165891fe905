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

TEST(EncodeText, WindowsHoldTheWholeOfALongSecondText) {
  const auto tokenizer = words_tokenizer();
  auto ids_of = [&](const std::string& second, int64_t overlap) {
    std::vector<std::vector<int32_t>> ids;
    for (const EncodedText& window : encode_windows("good", second, tokenizer, 8, overlap)) {
      EXPECT_EQ(window.cut, 0);
      ids.push_back(window.ids);
    }
    return ids;
  };
  using Windows = std::vector<std::vector<int32_t>>;
  EXPECT_EQ(ids_of("a b c d", 1), (Windows{{2, 5, 3, 12, 13, 14, 15, 3}}));
  EXPECT_EQ(ids_of("a b c d e", 1), (Windows{{2, 5, 3, 12, 13, 14, 15, 3}, {2, 5, 3, 15, 16, 3}}));
  EXPECT_EQ(ids_of("a b c d e f g", 1), (Windows{{2, 5, 3, 12, 13, 14, 15, 3}, {2, 5, 3, 15, 16, 17, 18, 3}}));
  EXPECT_EQ(ids_of("a b c d e f", 9), (Windows{{2, 5, 3, 12, 13, 14, 15, 3}, {2, 5, 3, 14, 15, 16, 17, 3}}))
      << "they overlap by half at most";
  const std::vector<EncodedText> windows = encode_windows("good", "a b c d e f g", tokenizer, 8, 1);
  EXPECT_EQ(windows[1].places[3].begin, 6u) << "places are those of the whole text";
  EXPECT_EQ(windows[1].type_ids, windows[0].type_ids);
  const std::vector<EncodedText> cut = encode_windows("good film play bad", "a b c d e f g", tokenizer, 8, 1);
  ASSERT_EQ(cut.size(), 1u);
  EXPECT_EQ(cut[0].ids.size(), 8u);
  EXPECT_EQ(cut[0].cut, 6);
}

// Whatever a tokenizer puts where, a token is of the text that it came from.
TEST(EncodeText, TokensOfPairsKnowTheirTextAndTheirPlace) {
  const std::string second = "bad film";
  const EncodedText pair = encode_text("good", &second, words_tokenizer(), 16);
  ASSERT_THAT(pair.ids, ElementsAre(2, 5, 3, 6, 7, 3));
  const int32_t texts[] = {-1, 0, -1, 1, 1, -1};
  for (size_t i = 0; i < pair.ids.size(); ++i) EXPECT_EQ(pair.places[i].text, texts[i]) << i;
  EXPECT_EQ(pair.places[4].begin, 4u);
  EXPECT_EQ(pair.places[4].end, 8u);
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

TEST(Regression, RowsBecomeArrays) {
  const auto tokenizer = words_tokenizer();
  const TableFormat& table = objective_entry("regression").table;
  const RowEncoding rules{.tokenizer = tokenizer, .labels = {}, .max_length = 8};
  auto encode = [&](const Json& number) {
    const Json text = "good film", pair = "bad";
    const Json* cells[] = {&text, &pair, &number};
    return table.encode({cells, "file (line 3)"}, rules);
  };
  auto row = encode("3.5");
  ASSERT_TRUE(row.ok()) << row.error().to_string();
  EXPECT_THAT(row->integers[0], ElementsAre(2, 5, 7, 3, 6, 3));
  EXPECT_THAT(row->integers[3], ElementsAre(0, 0, 0, 0, 1, 1));
  EXPECT_THAT(row->numbers[2], ElementsAre(3.5f));
  EXPECT_THAT(encode(-2)->numbers[2], ElementsAre(-2.f));
  for (const char* wrong : {"three", "nan", "1e99", "3,5"})
    EXPECT_THAT(encode(wrong).error().to_string(),
                HasSubstr("file (line 3): the target '" + std::string(wrong) + "' is not a number"));
}

TEST(TokenClassification, TheFirstTokenOfAWordHasItsLabel) {
  const auto tokenizer = words_tokenizer();
  const TableFormat& table = objective_entry("token_classification").table;
  const std::vector<std::string> labels{"O", "V"};
  RowEncoding rules{.tokenizer = tokenizer, .labels = labels, .max_length = 8};
  auto encode = [&](const Json& words, const Json& names) {
    const Json* cells[] = {&words, &names};
    return table.encode({cells, "file (line 3)"}, rules);
  };
  // good, play ##ing, film: a list, or words apart by spaces
  for (const auto& [words, names] : {std::pair<Json, Json>{{"good", "playing", "film"}, {"O", "V", "O"}},
                                     std::pair<Json, Json>{"good playing  film", "O V O"}}) {
    auto row = encode(words, names);
    ASSERT_TRUE(row.ok()) << row.error().to_string();
    EXPECT_THAT(row->integers[0], ElementsAre(2, 5, 8, 9, 7, 3));
    EXPECT_THAT(row->integers[2], ElementsAre(-100, 0, 1, -100, 0, -100));
  }
  EXPECT_THAT(encode({"good"}, {"O", "V"}).error().to_string(), HasSubstr("file (line 3): 1 token with 2 labels"));
  EXPECT_THAT(encode({"good"}, {"X"}).error().to_string(), HasSubstr("the label 'X' is not one of the model's: O, V"));
  EXPECT_THAT(encode(Json::array(), Json::array()).error().to_string(), HasSubstr("the tokens are empty"));
  rules.max_length = 5;
  auto cut = encode({"good", "playing", "film"}, {"O", "V", "O"});
  ASSERT_TRUE(cut.ok());
  EXPECT_EQ(cut->cut, 1);
  EXPECT_THAT(cut->integers[2], ElementsAre(-100, 0, 1, -100, -100)) << "the word that was cut away has no place";
}

TEST(QuestionAnswering, AnswersAreFoundInTheContext) {
  const auto tokenizer = words_tokenizer();
  const TableFormat& table = objective_entry("question_answering").table;
  RowEncoding rules{.tokenizer = tokenizer, .labels = {}, .max_length = 16};
  auto encode = [&](const Json& answers, const Json& start = nullptr) {
    const Json question = "play", context = "bad film good film playing";
    const Json* cells[] = {&question, &context, &answers, start.is_null() ? nullptr : &start};
    return table.encode({cells, "file (line 3)"}, rules);
  };
  // 2 [CLS], 8 play, 3 [SEP], then the context from token 3 on: bad film good film play ##ing [SEP]
  auto borders = [&](const Json& answers, const Json& start = nullptr) -> std::pair<int, int> {
    auto row = encode(answers, start);
    if (!row.ok()) return {-1, -1};
    EXPECT_EQ(row->integers[0].size(), 10u);
    return {row->integers[2][0], row->integers[3][0]};
  };
  EXPECT_EQ(borders("film"), std::pair(4, 4)) << "without a place the first";
  EXPECT_EQ(borders("film", 14), std::pair(6, 6));
  EXPECT_EQ(borders({{"text", {"film playing", "film"}}, {"answer_start", {14, 4}}}), std::pair(6, 8))
      << "SQuAD's form";
  EXPECT_EQ(borders({{"text", Json::array()}, {"answer_start", Json::array()}}), std::pair(0, 0)) << "no answer";
  EXPECT_EQ(borders(Json::array()), std::pair(0, 0));
  for (const auto& [answer, start] :
       {std::pair<Json, Json>{"film", 3}, {"film", 99}, {"film", -1}, {"nothing", nullptr}})
    EXPECT_THAT(encode(answer, start).error().to_string(),
                HasSubstr("file (line 3): the context does not hold the answer"));
  rules.max_length = 8;  // the two last words of the context are cut away
  auto cut = encode("playing");
  ASSERT_TRUE(cut.ok()) << cut.error().to_string();
  EXPECT_GT(cut->cut, 0);
  EXPECT_THAT(cut->integers[2], ElementsAre(0));
  EXPECT_THAT(cut->integers[3], ElementsAre(0));
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
