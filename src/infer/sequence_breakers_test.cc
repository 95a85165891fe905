// Which tokens of a vocabulary begin a breaker, and what must follow them.
#include "infer/sequence_breakers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace malmoi::infer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

// A vocabulary of words: ids 0 .. 6.
tokenizer::Tokenizer words() {
  return *tokenizer::Tokenizer::from_json(R"({"added_tokens": [],
    "decoder": {"type": "Fuse"},
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "c": 2, "xa": 3, "ab": 4, "abc": 5, "ca": 6, "x": 7},
              "merges": [["x", "a"], ["a", "b"], ["ab", "c"], ["c", "a"]]}})");
}

chat::SamplingOptions filled(const SequenceBreakerFinder& finder, std::vector<std::string> texts) {
  chat::SamplingOptions options;
  options.dry_multiplier = 1;
  options.dry_sequence_breakers = std::move(texts);
  finder.fill(options);
  return options;
}

TEST(SequenceBreakers, ATokenHoldsABreakerOrItsBeginning) {
  tokenizer::Tokenizer tokenizer = words();
  SequenceBreakerFinder finder(tokenizer);
  const chat::SequenceBreakers one = *filled(finder, {"b"}).breakers;
  EXPECT_THAT(one,
              UnorderedElementsAre(testing::Pair(1, ElementsAre(IsEmpty())), testing::Pair(4, ElementsAre(IsEmpty())),
                                   testing::Pair(5, ElementsAre(IsEmpty()))));
  // "ab": whole in ab and abc; a, xa and ca end with its beginning, and b must follow.
  const chat::SequenceBreakers two = *filled(finder, {"ab"}).breakers;
  EXPECT_EQ(two.size(), 5u);
  EXPECT_THAT(two.at(4), ElementsAre(IsEmpty()));
  EXPECT_THAT(two.at(5), ElementsAre(IsEmpty()));
  for (int32_t id : {0, 3, 6}) EXPECT_THAT(two.at(id), ElementsAre(ElementsAre(1))) << id;
}

TEST(SequenceBreakers, AreLookedForWhereDryIsAskedForAndRemembered) {
  tokenizer::Tokenizer tokenizer = words();
  SequenceBreakerFinder finder(tokenizer);
  chat::SamplingOptions off;
  finder.fill(off);
  EXPECT_EQ(off.breakers, nullptr);
  EXPECT_EQ(filled(finder, {}).breakers, nullptr);
  EXPECT_EQ(filled(finder, {"a", "b"}).breakers, filled(finder, {"a", "b"}).breakers);
  EXPECT_NE(filled(finder, {"a", "b"}).breakers, filled(finder, {"a"}).breakers);
}

TEST(SequenceBreakers, ACharacterIsNotCut) {
  tokenizer::Tokenizer tokenizer = *tokenizer::Tokenizer::characters("가나");
  SequenceBreakerFinder finder(tokenizer);
  const chat::SequenceBreakers found = *filled(finder, {"가나"}).breakers;
  EXPECT_THAT(found,
              ElementsAre(testing::Pair(*tokenizer.id_of("가"), ElementsAre(ElementsAre(*tokenizer.id_of("나"))))));
}

}  // namespace
}  // namespace malmoi::infer
