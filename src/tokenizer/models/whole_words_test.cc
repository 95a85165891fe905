// WholeWords against the vocabulary it is made of, at every length and with many words to a cache line.
#include "tokenizer/models/whole_words.h"

#include <gtest/gtest.h>

#include <string>

namespace malmoi::tokenizer {
namespace {

int32_t find(const WholeWords& words, const std::string& word) { return words.find(WordKey(word, word.size()), word); }

TEST(WholeWords, FindsWhatTheVocabularyHas) {
  Vocabulary vocabulary;
  vocabulary.add("", 0);
  vocabulary.add(std::string(WordKey::kMaxLength + 1, 'x'), 1);
  int32_t next = 2;
  for (size_t length = 1; length <= WordKey::kMaxLength; ++length)
    for (int n = 0; n < 200 && (length > 1 || n < 26); ++n) {
      std::string word = std::string(length > 1 ? length - 2 : 0, 'w');
      if (length > 1) word += static_cast<char>('a' + n / 26);
      vocabulary.add(word + static_cast<char>('a' + n % 26), next++);
    }
  const WholeWords words(vocabulary);
  for (int32_t id = 2; id < next; ++id) {
    const std::string word(vocabulary.spelling(id));
    EXPECT_EQ(find(words, word), id) << word;
    const std::string other = word + "!";
    if (other.size() <= WordKey::kMaxLength) {
      EXPECT_EQ(find(words, other), -1) << other;
    }
  }
  EXPECT_EQ(find(words, ""), -1) << "an empty place is no word";
}

TEST(WholeWords, ZerosWithinAWordCount) {
  Vocabulary vocabulary;
  vocabulary.add("a", 0);
  vocabulary.add(std::string("a\0", 2), 7);
  const WholeWords words(vocabulary);
  EXPECT_EQ(find(words, "a"), 0);
  EXPECT_EQ(find(words, std::string("a\0", 2)), 7);
  EXPECT_EQ(find(words, std::string("a\0\0", 3)), -1);
}

}  // namespace
}  // namespace malmoi::tokenizer
