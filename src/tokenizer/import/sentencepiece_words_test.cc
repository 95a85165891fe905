// SentencePiece unigram by words as they were given, against the text normalised and cut as a whole.
#include <gtest/gtest.h>

#include "base/rng.h"
#include "tokenizer/import/sentencepiece.h"
#include "tokenizer/import/sentencepiece_normalizer.h"
#include "tokenizer/parts.h"
#include "tokenizer/test_data.h"

namespace malmoi::tokenizer {
namespace {

// Words, spaces of all kinds, what rules join, drop or turn into spaces, marks, and characters that no piece spells.
const std::vector<std::string>& fragments() {
  static const std::vector<std::string> all = {
      "the ",       "model ",     "언어 ", "모델은 ", "한국어", "a",      "b",      "ing",    " ",      "  ",
      "\n",         "\t",         "\r\n",  "\u3000",  "\uFEFF", "\u200B", "\u0301", "\u1100", "\u1161", "가",
      "\u3099",     "か",         "▁",     "▁▁",      "\x01",   "\x7F",   "①",      "ﷺ",      "￣",     "ｶﾞ",
      "\U0001F600", "\U00020000", "12",    "3",       ".",      ",",      "한 ",    "글을 ",  "쓰다. ", "aaaa",
      "ㅋㅋㅋㅋ",   "<s>",        "</s>",  "<sep>",   "\uFFFD", "é",      "e\u0301"};
  return all;
}

std::string random_text(Rng& rng, size_t fragments_at_most) {
  std::string out;
  for (size_t n = rng.below(fragments_at_most) + 1; n > 0; --n) out += fragments()[rng.below(fragments().size())];
  return out;
}

void expect_same(const Tokenizer& tokenizer, const std::string& text) {
  const std::vector<int32_t> want = tokenizer.encode_full(text, {.parse_special = false}).ids;
  for (int pass = 0; pass < 2; ++pass)  // then from memory
    ASSERT_EQ(tokenizer.encode(text, {.parse_special = false}), want) << ::testing::PrintToString(text.substr(0, 200));
}

class RawWords : public ::testing::TestWithParam<std::tuple<const char*, bool, bool>> {
 protected:
  Tokenizer open() {
    auto [name, prefix, merges] = GetParam();
    auto model = parse_sentencepiece(test_file(std::string(name) + "/tokenizer.model"), name);
    EXPECT_TRUE(model.ok());
    model->add_dummy_prefix = prefix;
    model->remove_extra_whitespaces = merges;
    auto tokenizer = sentencepiece_tokenizer(*model, name);
    EXPECT_TRUE(tokenizer.ok());
    return *std::move(tokenizer);
  }
};

TEST_P(RawWords, TextsOfTroublesomeParts) {
  const Tokenizer tokenizer = open();
  ASSERT_NE(tokenizer.parts().fast_path, nullptr);
  Rng rng(7);
  for (int n = 0; n < 3000; ++n) expect_same(tokenizer, random_text(rng, 12));
  for (const Json& line : test_lines("texts")) expect_same(tokenizer, line.get<std::string>());
}

// Scores of a long text are rounded so far that words are cut otherwise than alone.
TEST_P(RawWords, LongTexts) {
  const Tokenizer tokenizer = open();
  const std::vector<std::string> words = {"the ",    "models ",     "of ",      "language", "한국어를 ", "가르친다. ",
                                          "읽었던 ", "\U00020000 ", "unusual ", "xyzzy ",   "책을 ",     "그리고 "};
  Rng rng(11);
  std::string text;
  while (text.size() < 400000) text += words[rng.below(words.size())];
  expect_same(tokenizer, text);
}

TEST_P(RawWords, RunsOfOneCharacter) {
  const Tokenizer tokenizer = open();
  for (const char* letter : {" ", "a", "-", "\n", "가", "ㅋ", "\U00020000", "0", "▁"})
    for (int n : {1, 2, 3, 15, 16, 17, 33, 100, 1000}) {
      std::string run;
      for (int i = 0; i < n; ++i) run += letter;
      expect_same(tokenizer, run);
      expect_same(tokenizer, "the model" + run + "a 한국어 " + run + "b");
    }
}

INSTANTIATE_TEST_SUITE_P(Models, RawWords,
                         ::testing::Combine(::testing::Values("sp-unigram-nfkc", "sp-unigram-identity-bytes"),
                                            ::testing::Bool(), ::testing::Bool()));

TEST(RawWords, RulesThatReachOverASpaceForbidIt) {
  SentencePieceNormalization rules;
  rules.user_defined.add("b c", 0);  // begins within a word
  const SentencePieceNormalizer within{std::move(rules)};
  ASSERT_TRUE(within.usable());
  std::string out;
  EXPECT_FALSE(within.normalize_word("ab", out));
  out.clear();
  EXPECT_TRUE(within.normalize_word("ba", out));
  EXPECT_EQ(out, "ba");
  SentencePieceNormalization others;
  others.user_defined.add(" x", 0);  // begins with the space
  const SentencePieceNormalizer over{std::move(others)};
  EXPECT_FALSE(over.usable());
}

}  // namespace
}  // namespace malmoi::tokenizer
