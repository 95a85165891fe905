// What tokens stand for: every byte once, white space with what follows it, and what a vocabulary cannot spell.
#include "tokenizer/coverage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "base/json.h"

namespace malmoi::tokenizer {
namespace {

using testing::ElementsAre;

// The words `a` and `bc`, and, where asked for, a token for all others.
Tokenizer words(bool unknown) {
  Json vocab = {{"a", 0}, {"bc", 1}};
  if (unknown) vocab["?"] = 2;
  Json json = {{"version", "1.0"},
               {"added_tokens", Json::array()},
               {"normalizer", nullptr},
               {"pre_tokenizer", {{"type", "WhitespaceSplit"}}},
               {"post_processor", nullptr},
               {"decoder", nullptr},
               {"model", {{"type", "WordLevel"}, {"vocab", vocab}, {"unk_token", "?"}}}};
  auto made = Tokenizer::from_json(dump_json(json));
  EXPECT_TRUE(made.ok()) << made.error().to_string();
  return *std::move(made);
}

TEST(Coverage, EveryByteCountsOnceAndSpaceWithWhatFollowsIt) {
  Coverage c = cover(words(true), "a  bc\na \n");
  EXPECT_THAT(c.ids, ElementsAre(0, 1, 0));
  EXPECT_THAT(c.bytes, ElementsAre(1, 4, 4)) << "the end counts with the last one";
  EXPECT_EQ(c.characters, 9u);
  EXPECT_EQ(c.unknown, 0u);
}

TEST(Coverage, WhatIsUnknownIsSaidWhetherATokenStandsForItOrNone) {
  Coverage c = cover(words(true), "a é a");
  EXPECT_THAT(c.ids, ElementsAre(0, 2, 0));
  EXPECT_THAT(c.bytes, ElementsAre(1, 3, 2));
  EXPECT_EQ(c.unknown, 1u);
  EXPECT_EQ(c.examples, "é");
}

TEST(Coverage, OfCharactersWhatIsNotThereIsLeftOutSpaceToo) {
  Tokenizer characters = *Tokenizer::characters("ab");
  Coverage c = cover(characters, "aéb\tb한");
  EXPECT_THAT(c.ids, ElementsAre(0, 1, 1));
  EXPECT_THAT(c.bytes, ElementsAre(1, 1, 1));
  EXPECT_EQ(c.characters, 6u);
  EXPECT_EQ(c.unknown, 3u);
  EXPECT_EQ(c.examples, "é\t한");
  EXPECT_EQ(cover(characters, "é").ids.size(), 0u);
  EXPECT_EQ(cover(characters, "").unknown, 0u);
}

TEST(Coverage, BytesSpellEverything) {
  Json json = {{"version", "1.0"},
               {"added_tokens", Json::array()},
               {"normalizer", nullptr},
               {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}}},
               {"post_processor", nullptr},
               {"decoder", {{"type", "ByteLevel"}}},
               {"model", {{"type", "BPE"}, {"vocab", {{"a", 0}}}, {"merges", Json::array()}}}};
  auto bytes = Tokenizer::from_json(dump_json(json));
  ASSERT_TRUE(bytes.ok()) << bytes.error().to_string();
  EXPECT_TRUE(spells_every_byte(*bytes));
  EXPECT_FALSE(spells_every_byte(words(true)));
  EXPECT_FALSE(spells_every_byte(*Tokenizer::characters("ab")));
}

}  // namespace
}  // namespace malmoi::tokenizer
