// Tests of vocabularies that become smaller or larger: texts are cut as they should be, and rows are those of their tokens.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/json_read.h"
#include "reshape/extend.h"
#include "reshape/focus.h"
#include "reshape/tokenizer_json.h"
#include "reshape/trim.h"
#include "tokenizer/parts.h"
#include "tokenizer/train.h"

namespace malmoi::reshape {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;
using tokenizer::Tokenizer;

const std::vector<std::string>& texts() {
  static const std::vector<std::string> all = {
      "The dictionary gathers words, and the words are gathered by people who speak them.",
      "말모이는 낱말을 모은다는 뜻이다. 낱말을 모으는 사람들이 사전을 만들었다.",
      "A model reads words it has seen before; words it has not seen are cut into parts.",
      "사전을 만드는 사람들은 낱말마다 뜻을 적고, 뜻마다 쓰임을 적었다.",
      "for (int i = 0; i < 10; ++i) sum += words[i] * 3.25;",
  };
  return all;
}

Tokenizer trained(const tokenizer::TrainOptions& options) {
  size_t next = 0;
  auto made = tokenizer::train(
      [&](std::string& text) {
        if (next >= 4 * texts().size()) return false;
        text = texts()[next++ % texts().size()];
        return true;
      },
      options);
  EXPECT_TRUE(made.ok()) << made.error().to_string();
  return *std::move(made);
}

Json json_of(const Tokenizer& tokenizer) {
  return *parse_json(*tokenizer::to_tokenizer_json(tokenizer.parts()), "tokenizer.json");
}

std::vector<uint64_t> counts_of(const Tokenizer& tokenizer, const std::string& text) {
  std::vector<uint64_t> counts(static_cast<size_t>(tokenizer.vocab_size()));
  for (int32_t id : tokenizer.encode(text)) ++counts[static_cast<size_t>(id)];
  return counts;
}

struct TrimmedTokenizer {
  TrimmedVocabulary vocabulary;
  Tokenizer tokenizer;
};
TrimmedTokenizer trimmed(const Tokenizer& before, const std::string& text, const TrimRule& rule = {}) {
  auto vocabulary = trim_vocabulary(json_of(before), counts_of(before, text), {}, rule, "here");
  EXPECT_TRUE(vocabulary.ok()) << vocabulary.error().to_string();
  auto made = Tokenizer::from_json(dump_json(vocabulary->tokenizer));
  EXPECT_TRUE(made.ok()) << made.error().to_string();
  return {*std::move(vocabulary), *std::move(made)};
}

// The ids after are those before, as they were numbered anew.
void expect_same_tokens(const Tokenizer& before, const TrimmedTokenizer& after, const std::string& text) {
  std::vector<int32_t> ids = after.tokenizer.encode(text);
  for (int32_t& id : ids) id = after.vocabulary.kept.at(static_cast<size_t>(id));
  EXPECT_EQ(ids, before.encode(text)) << text;
}

// abc is a + bc, since b and c are merged before a and b.
Json small_bpe() {
  return *parse_json(R"({"version": "1.0", "added_tokens": [{"id": 7, "content": "<s>", "special": true}],
    "normalizer": null, "pre_tokenizer": null, "decoder": null,
    "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
      {"Sequence": {"id": "A", "type_id": 0}}], "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
      "special_tokens": {"<s>": {"id": "<s>", "ids": [7], "tokens": ["<s>"]}}},
    "model": {"type": "BPE", "unk_token": null, "vocab": {"x": 0, "a": 1, "b": 2, "c": 3, "ab": 4, "bc": 5, "abc": 6},
      "merges": [["b", "c"], ["a", "b"], ["a", "bc"], ["ab", "c"]]}})",
                     "here");
}

TEST(Trim, KeepsWhatATokenIsMergedFrom) {
  const Json before = small_bpe();
  auto table = read_tokens(before, "here");
  ASSERT_TRUE(table.ok());
  const auto from = merged_from(before, *table);
  EXPECT_EQ(from[6], std::pair(1, 5));
  EXPECT_EQ(from[5], std::pair(2, 3));
  EXPECT_EQ(from[1], std::pair(-1, -1));
  const std::vector<uint64_t> counts = {0, 0, 0, 0, 0, 0, 2, 1};
  const auto made = trim_vocabulary(before, counts, {}, {}, "here");
  ASSERT_TRUE(made.ok()) << made.error().to_string();
  EXPECT_THAT(made->kept, ElementsAre(1, 2, 3, 5, 6, 7));
  EXPECT_EQ(made->in_use, 2);
  EXPECT_EQ(made->parts, 4);
  EXPECT_EQ(made->tokenizer["added_tokens"][0]["id"], 5);
  EXPECT_EQ(made->tokenizer["post_processor"]["special_tokens"]["<s>"]["ids"][0], 5);
  EXPECT_EQ(made->tokenizer["model"]["merges"].size(), 2u);
  EXPECT_EQ(made->tokenizer["model"]["vocab"].size(), 5u);
  auto tokenizer = Tokenizer::from_json(dump_json(made->tokenizer));
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().to_string();
  EXPECT_THAT(tokenizer->encode("abc", {.add_special = true}), ElementsAre(5, 4));
}

TEST(Trim, ASizeTakesTheMostFrequentThatFit) {
  const Json before = small_bpe();
  const std::vector<uint64_t> counts = {5, 0, 0, 0, 0, 9, 1, 0};
  // <s>, bc with b and c; x is the next; abc needs a as well, for which there is no room.
  const auto made = trim_vocabulary(before, counts, {}, {.size = 6}, "here");
  ASSERT_TRUE(made.ok());
  EXPECT_THAT(made->kept, ElementsAre(0, 2, 3, 5, 7));
  const auto often = trim_vocabulary(before, counts, {}, {.min_count = 6}, "here");
  ASSERT_TRUE(often.ok());
  EXPECT_THAT(often->kept, ElementsAre(2, 3, 5, 7));
  const std::vector<int32_t> named = {4};
  const auto with_named = trim_vocabulary(before, counts, named, {.min_count = 6}, "here");
  ASSERT_TRUE(with_named.ok());
  EXPECT_THAT(with_named->kept, ElementsAre(1, 2, 3, 4, 5, 7));
}

TEST(Trim, ByteLevelTextsAreCutAsBefore) {
  const Tokenizer before = trained({.vocab_size = 420, .special_tokens = std::vector<std::string>{"<|end|>"}});
  for (const std::string& kept : {texts()[0], texts()[1], texts()[4]}) {
    const TrimmedTokenizer after = trimmed(before, kept);
    EXPECT_LT(after.tokenizer.vocab_size(), before.vocab_size());
    EXPECT_GE(after.tokenizer.vocab_size(), 257);
    expect_same_tokens(before, after, kept);
    for (const std::string& other : texts())  // whatever there is no token for is spelled in bytes
      EXPECT_EQ(after.tokenizer.decode(after.tokenizer.encode(other)), other);
    EXPECT_TRUE(after.tokenizer.is_special(*after.tokenizer.id_of("<|end|>")));
  }
  const TrimmedTokenizer all = trimmed(before, texts()[0] + "\n" + texts()[3] + "\n" + texts()[4]);
  for (const std::string& text : {texts()[0], texts()[3]}) expect_same_tokens(before, all, text);
  const auto too_small = trim_vocabulary(json_of(before), counts_of(before, texts()[0]), {}, {.size = 200}, "--size");
  ASSERT_FALSE(too_small.ok());
  EXPECT_THAT(too_small.error().to_string(), HasSubstr("257"));
}

TEST(Trim, OtherModelsToo) {
  for (auto kind :
       {tokenizer::TrainKind::kUnigram, tokenizer::TrainKind::kWordPiece, tokenizer::TrainKind::kWordLevel}) {
    const Tokenizer before = trained({.kind = kind, .vocab_size = 400});
    const TrimmedTokenizer after = trimmed(before, texts()[3]);
    EXPECT_LT(after.tokenizer.vocab_size(), before.vocab_size());
    expect_same_tokens(before, after, texts()[3]);
  }
}

TEST(Extend, MergesGoOnWhereTrainingEnded) {
  const Tokenizer before = trained({.vocab_size = 290});
  size_t next = 0;
  const auto more = extend_by_texts(before,
                                    [&](std::string& text) {
                                      if (next >= texts().size()) return false;
                                      text = texts()[next++];
                                      return true;
                                    },
                                    20, {});
  ASSERT_TRUE(more.ok()) << more.error().to_string();
  EXPECT_GT(more->tokens.size(), 5u);
  EXPECT_LE(more->tokens.size(), 20u);
  auto after = Tokenizer::from_json(more->tokenizer);
  ASSERT_TRUE(after.ok()) << after.error().to_string();
  EXPECT_EQ(after->vocab_size(), before.vocab_size() + static_cast<int32_t>(more->tokens.size()));
  for (size_t i = 0; i < more->tokens.size(); ++i) {
    std::string joined;
    for (int32_t id : more->origins[i]) joined += before.piece(id);
    EXPECT_EQ(joined, more->tokens[i]);
    EXPECT_EQ(after->piece(before.vocab_size() + static_cast<int32_t>(i)), more->tokens[i]);
    EXPECT_GE(more->origins[i].size(), 2u);
  }
  size_t ids_before = 0, ids_after = 0;
  std::set<int32_t> used;
  for (const std::string& text : texts()) {
    const std::vector<int32_t> ids = after->encode(text);
    EXPECT_EQ(after->decode(ids), text);
    ids_before += before.encode(text).size();
    ids_after += ids.size();
    used.insert(ids.begin(), ids.end());
  }
  EXPECT_LT(ids_after, ids_before);
  EXPECT_GE(*used.rbegin(), before.vocab_size());
}

TEST(Extend, GivenTokensAreFoundWhole) {
  const Tokenizer before = trained({.vocab_size = 420});
  const std::vector<std::string> tokens = {"말모이", "<think>"};
  const auto more = extend_by_tokens(before, tokens);
  ASSERT_TRUE(more.ok()) << more.error().to_string();
  auto after = Tokenizer::from_json(more->tokenizer);
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(after->id_of("말모이"), before.vocab_size());
  EXPECT_EQ(more->origins[0], before.encode("말모이"));
  EXPECT_EQ(more->origins[1], before.encode("<think>"));
  EXPECT_FALSE(extend_by_tokens(*after, tokens).ok());
}

TEST(Extend, OnlyBpeLearnsOn) {
  const Tokenizer before = trained({.kind = tokenizer::TrainKind::kUnigram, .vocab_size = 420});
  const auto more = extend_by_texts(before, [](std::string&) { return false; }, 5, {});
  ASSERT_FALSE(more.ok());
  EXPECT_THAT(more.error().to_string(), HasSubstr("Unigram"));
}

TEST(Focus, SparsemaxKeepsTheLargest) {
  const WeightedIds kept = sparsemax({{7, 0.5f}, {3, 0.9f}, {5, 0.1f}, {2, -0.4f}});  // threshold (0.9 + 0.5 - 1) / 2
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept[0].first, 3);
  EXPECT_NEAR(kept[0].second, 0.7, 1e-6);
  EXPECT_EQ(kept[1].first, 7);
  EXPECT_NEAR(kept[1].second, 0.3, 1e-6);
  EXPECT_TRUE(sparsemax({}).empty());
}

TEST(Focus, ATokenIsLikeWhatStandsInItsPlace) {
  // 1 and 9 stand between 2 and 3, 4 between 5 and 6; 9 is the new one.
  AuxiliaryVectors vectors(11);
  std::vector<std::vector<int32_t>> documents;
  for (int i = 0; i < 50; ++i) {
    documents.push_back({2, 1, 3});
    documents.push_back({2, 9, 3});
    documents.push_back({5, 4, 6});
  }
  for (const auto& ids : documents) vectors.count(ids);
  for (const auto& ids : documents) vectors.learn(ids);
  vectors.finish();
  const WeightedIds like = vectors.like(9, 9);
  ASSERT_FALSE(like.empty());
  EXPECT_EQ(like[0].first, 1);
  EXPECT_GT(like[0].second, 0.5);
  double sum = 0;
  for (const auto& [id, share] : like) sum += static_cast<double>(share);
  EXPECT_NEAR(sum, 1, 1e-5);
  EXPECT_TRUE(vectors.like(10, 9).empty());  // the corpus has it not
}

TEST(TokenIds, AreFoundInConfigs) {
  Json config = {{"eos_token_id", Json::array({2, 5})},
                 {"pad_token_id", nullptr},
                 {"hidden_size", 2},
                 {"suppress_tokens", Json::array({3})},
                 {"text_config", {{"bos_token_id", 1}}}};
  std::vector<int64_t> found;
  visit_config_ids(config, [&](Json& id) {
    found.push_back(id.get<int64_t>());
    id = id.get<int64_t>() + 10;
  });
  EXPECT_THAT(found, UnorderedElementsAre(2, 5, 3, 1));
  EXPECT_EQ(config["eos_token_id"][1], 15);
  EXPECT_EQ(config["text_config"]["bos_token_id"], 11);
  EXPECT_EQ(config["hidden_size"], 2);
}

}  // namespace
}  // namespace malmoi::reshape
