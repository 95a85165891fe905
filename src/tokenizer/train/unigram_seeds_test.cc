// The pieces that unigram training begins with, against SentencePiece's rule written out: whole texts, every substring.
#include "tokenizer/train/unigram_seeds.h"
#include "tokenizer/models/marked_words.h"
#include "tokenizer/unicode/code_points.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/rng.h"
#include "base/utf8.h"

namespace malmoi::tokenizer {
namespace {

std::vector<std::string> characters_of(const std::string& text) {
  std::vector<std::string> out;
  for (const CodePoint c : CodePoints(text)) out.emplace_back(c.in(text));
  return out;
}

// Every valid substring of two characters or more that has two different bytes, or the end of a text, behind it.
std::map<std::string, uint64_t> plain_seeds(const std::vector<std::vector<std::string>>& texts,
                                            const SeedOptions& options) {
  std::map<std::string, uint64_t> counts;
  std::map<std::string, std::set<std::string>> behind;
  for (const auto& text : texts) {
    std::string joined;
    for (const std::string& word : text) joined += word;
    std::vector<std::string> letters = characters_of(joined);
    for (size_t i = 0; i < letters.size(); ++i) {
      std::string piece;
      for (size_t j = i; j < letters.size() && j < i + options.max_length; ++j) {
        piece += letters[j];
        ++counts[piece];
        behind[piece].insert(j + 1 < letters.size() ? letters[j + 1].substr(0, 1) : "");
      }
    }
  }
  std::map<std::string, uint64_t> out;
  for (const auto& [piece, count] : counts) {
    const size_t length = count_code_points(piece);
    if (length > 1 && behind[piece].size() > 1 && may_be_piece(piece, options)) out[piece] = count * length;
  }
  return out;
}

TEST(UnigramSeeds, AreThoseOfTheWholeTexts) {
  const std::vector<std::string> letters = {"a", "b", "\uac00", "\uac01", "1", "c"};
  for (uint64_t seed = 0; seed < 60; ++seed) {
    Rng rng(seed);
    const SeedOptions options{.max_length = 2 + rng.below(5), .count = 1'000'000, .split_digits = seed % 3 == 0};
    std::vector<std::vector<std::string>> texts;
    std::map<std::string, uint64_t> counted;
    for (uint64_t t = 0; t < 1 + rng.below(20); ++t) {
      auto& text = texts.emplace_back();
      for (uint64_t w = 0; w < 1 + rng.below(6); ++w) {
        std::string word(kWordMark);
        for (uint64_t n = rng.below(5); n > 0; --n) word += letters[rng.below(2 + seed % 5)];
        text.push_back(word);
      }
      for (size_t w = 0; w < text.size(); ++w) ++counted[w + 1 == text.size() ? text[w] + kTextEnd : text[w]];
    }
    WordList words;
    for (const auto& [word, count] : counted) words.push(word, count);
    std::map<std::string, uint64_t> got;
    for (const Seed& found : find_seeds(join_text_ends(words), options)) got[found.text] = found.score;
    EXPECT_EQ(got, plain_seeds(texts, options)) << seed;
  }
}

TEST(UnigramSeeds, TextEndsAreJoined) {
  WordList words;
  words.push("a", 3);
  words.push("ab", 1);
  words.push(std::string("a") + kTextEnd, 2);
  words.push(std::string("c") + kTextEnd, 4);
  FollowedWords joined = join_text_ends(words);
  ASSERT_EQ(joined.words.size(), 3u);
  EXPECT_EQ(joined.words.word(0), "a");
  EXPECT_EQ(joined.words.counts, (std::vector<uint64_t>{5, 1, 4}));
  EXPECT_EQ(joined.behind, (std::vector<uint8_t>{kBehindWord | kBehindEnd, kBehindWord, kBehindEnd}));
}

}  // namespace
}  // namespace malmoi::tokenizer
