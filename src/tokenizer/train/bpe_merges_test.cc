// The merging against the plain definition of byte-pair encoding, on random words.
#include "tokenizer/train/bpe_merges.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/rng.h"

namespace malmoi::tokenizer {
namespace {

struct Words {
  std::vector<std::string> pieces;
  std::vector<std::pair<std::vector<uint32_t>, uint64_t>> words;
};

// Counts all pairs anew for each merge.
std::vector<std::pair<uint32_t, uint32_t>> plain_merges(Words w, size_t size, uint64_t least) {
  std::vector<std::pair<uint32_t, uint32_t>> merges;
  while (w.pieces.size() < size) {
    std::map<std::pair<uint32_t, uint32_t>, uint64_t> counts;
    for (const auto& [word, count] : w.words)
      for (size_t i = 0; i + 1 < word.size(); ++i) counts[{word[i], word[i + 1]}] += count;
    std::pair<uint32_t, uint32_t> best{};
    uint64_t most = 0;
    for (const auto& [pair, count] : counts)
      if (count > most) most = count, best = pair;  // the smallest pair of equals comes first in the map
    if (most == 0 || most < least) break;
    std::string text = w.pieces[best.first] + w.pieces[best.second];
    auto known = std::find(w.pieces.begin(), w.pieces.end(), text);
    auto product = static_cast<uint32_t>(known - w.pieces.begin());
    if (known == w.pieces.end()) w.pieces.push_back(text);
    for (auto& [word, count] : w.words) {
      std::vector<uint32_t> merged;
      for (size_t i = 0; i < word.size(); ++i) {
        if (i + 1 < word.size() && word[i] == best.first && word[i + 1] == best.second) {
          merged.push_back(product);
          ++i;
        } else {
          merged.push_back(word[i]);
        }
      }
      word = std::move(merged);
    }
    merges.push_back(best);
  }
  return merges;
}

std::vector<std::pair<uint32_t, uint32_t>> fast_merges(const Words& w, BpeMergeOptions options) {
  BpeCorpus corpus;
  corpus.pieces = w.pieces;
  for (const auto& [word, count] : w.words) {
    corpus.begin_word(count);
    for (uint32_t s : word) corpus.push(s);
    corpus.end_word();
  }
  auto learned = learn_merges(corpus, options);
  EXPECT_TRUE(learned.ok());
  std::vector<std::pair<uint32_t, uint32_t>> merges;
  for (const BpeMerge& m : *learned) merges.emplace_back(m.left, m.right);
  return merges;
}

Words random_words(uint64_t seed, uint32_t letters, size_t count, size_t longest) {
  Rng rng(seed);
  Words w;
  for (uint32_t i = 0; i < letters; ++i) w.pieces.push_back(std::string(1, static_cast<char>('a' + i)));
  for (size_t i = 0; i < count; ++i) {
    std::vector<uint32_t> word(1 + rng.below(longest));
    for (uint32_t& s : word) s = static_cast<uint32_t>(rng.below(letters));
    w.words.emplace_back(std::move(word), 1 + rng.below(5));
  }
  return w;
}

TEST(BpeMerges, EqualThePlainDefinition) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    // Few letters make runs, overlaps and products that exist already.
    Words w = random_words(seed, 2 + seed % 4, 40, 30);
    EXPECT_EQ(fast_merges(w, {.vocab_size = 60}), plain_merges(w, 60, 1)) << seed;
    EXPECT_EQ(fast_merges(w, {.vocab_size = 500, .min_frequency = 3}), plain_merges(w, 500, 3)) << seed;
  }
}

TEST(BpeMerges, RunsMergeFromTheLeft) {
  Words w{{"a"}, {{{0, 0, 0, 0, 0}, 1}}};
  std::vector<std::pair<uint32_t, uint32_t>> expected = {
      {0, 0}, {1, 0}, {1, 2}};  // aa aa a: of equals the smaller pair
  EXPECT_EQ(fast_merges(w, {.vocab_size = 10}), expected);
}

TEST(BpeMerges, NothingToMerge) {
  EXPECT_TRUE(fast_merges({{"a", "b"}, {}}, {.vocab_size = 10}).empty());
  EXPECT_TRUE(fast_merges({{"a", "b"}, {{{0}, 5}, {{}, 2}}}, {.vocab_size = 10}).empty());
}

TEST(BpeMerges, PrefixIsDroppedAndLengthLimited) {
  BpeCorpus corpus;
  corpus.pieces = {"a", "##b", "##c"};
  corpus.begin_word(3);
  for (uint32_t s : {0u, 1u, 2u}) corpus.push(s);
  corpus.end_word();
  auto merges = learn_merges(corpus, {.vocab_size = 10, .continuing_prefix = "##"});
  ASSERT_TRUE(merges.ok());
  EXPECT_EQ(corpus.pieces, (std::vector<std::string>{"a", "##b", "##c", "ab", "abc"}));
  Words w = random_words(1, 2, 40, 30);
  BpeCorpus limited;
  limited.pieces = w.pieces;
  for (const auto& [word, count] : w.words) {
    limited.begin_word(count);
    for (uint32_t s : word) limited.push(s);
    limited.end_word();
  }
  ASSERT_TRUE(learn_merges(limited, {.vocab_size = 100, .max_piece_length = 3}).ok());
  for (const std::string& piece : limited.pieces) EXPECT_LE(piece.size(), 3u);
}

// A text whose prefix is spelled in the words themselves: lengths in cells must not be confused.
TEST(BpeMerges, WordsMadeOfThePrefixAreSafe) {
  BpeCorpus corpus;
  corpus.pieces = {"#", "###"};
  for (int n = 2; n < 12; ++n) {
    corpus.begin_word(static_cast<uint64_t>(n));
    corpus.push(0);
    for (int i = 1; i < n; ++i) corpus.push(1);
    corpus.end_word();
  }
  EXPECT_TRUE(learn_merges(corpus, {.vocab_size = 50, .continuing_prefix = "##"}).ok());
}

}  // namespace
}  // namespace malmoi::tokenizer
