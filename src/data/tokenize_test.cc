// Tests of the one way from documents to ids: what stands around a document, and where it ends.
#include "data/tokenize.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/test_folder.h"

namespace malmoi::data {
namespace {

using testing::ElementsAre;

constexpr int32_t kUnknown = 0, kBegin = 1, kEnd = 2, kA = 3, kB = 4;

// Words `a` and `b`; `around` is the template of a text.
tokenizer::Tokenizer words(const Json& around) {
  Json json = {{"version", "1.0"}, {"added_tokens", Json::array()}};
  const char* specials[] = {"<unk>", "<s>", "</s>"};
  for (int id = 0; id < 3; ++id)
    json["added_tokens"].push_back({{"id", id},
                                    {"content", specials[id]},
                                    {"single_word", false},
                                    {"lstrip", false},
                                    {"rstrip", false},
                                    {"normalized", false},
                                    {"special", true}});
  json["normalizer"] = nullptr;
  json["pre_tokenizer"] = {{"type", "WhitespaceSplit"}};
  json["post_processor"] = nullptr;
  if (!around.empty())
    json["post_processor"] = {{"type", "TemplateProcessing"},
                              {"single", around},
                              {"pair", around},
                              {"special_tokens",
                               {{"<s>", {{"id", "<s>"}, {"ids", {kBegin}}, {"tokens", {"<s>"}}}},
                                {"</s>", {{"id", "</s>"}, {"ids", {kEnd}}, {"tokens", {"</s>"}}}}}}};
  json["decoder"] = nullptr;
  json["model"] = {{"type", "WordLevel"},
                   {"vocab", {{"<unk>", kUnknown}, {"<s>", kBegin}, {"</s>", kEnd}, {"a", kA}, {"b", kB}}},
                   {"unk_token", "<unk>"}};
  auto made = tokenizer::Tokenizer::from_json(dump_json(json));
  EXPECT_TRUE(made.ok()) << made.error().to_string();
  return std::move(*made);
}

Json special(const char* name) { return {{"SpecialToken", {{"id", name}, {"type_id", 0}}}}; }
const Json kSequence = {{"Sequence", {{"id", "A"}, {"type_id", 0}}}};

std::vector<int32_t> ids_of(const TokenFile& file, uint64_t document) {
  std::vector<int32_t> ids(file.document_end(document) - file.document_begin(document));
  file.copy(file.document_begin(document), ids);
  return ids;
}

TokenFile tokenize(const tokenizer::Tokenizer& tokenizer, const std::vector<std::string>& texts) {
  Path path = test_folder("tokenize") / "out.bin";
  auto writer = TokenWriter::create(path, tokenizer.vocab_size());
  DocumentEncoder encoder(tokenizer, document_marks(tokenizer), *writer);
  uint64_t bytes = 0;
  for (const std::string& text : texts) {
    EXPECT_TRUE(encoder.add(text).ok());
    bytes += text.size();
  }
  EXPECT_TRUE(encoder.flush().ok());
  EXPECT_EQ(encoder.bytes(), bytes);
  EXPECT_EQ(encoder.documents(), texts.size());
  EXPECT_TRUE(writer->commit().ok());
  return std::move(*TokenFile::open(path));
}

TEST(Tokenize, WhatStandsBeforeATextAtUseStandsBeforeEachDocumentAndTheEndAfterIt) {
  tokenizer::Tokenizer tokenizer = words(Json::array({special("<s>"), kSequence}));
  TokenFile file = tokenize(tokenizer, {"a b", "", "b"});
  ASSERT_EQ(file.documents(), 3u);
  EXPECT_THAT(ids_of(file, 0), ElementsAre(kBegin, kA, kB, kEnd));
  EXPECT_THAT(ids_of(file, 1), ElementsAre(kBegin, kEnd));
  EXPECT_THAT(ids_of(file, 2), ElementsAre(kBegin, kB, kEnd));
  std::vector<int32_t> used = tokenizer.encode("a b", {.add_special = true});
  EXPECT_TRUE(std::equal(used.begin(), used.end(), ids_of(file, 0).begin())) << "a prompt is how a document begins";
}

TEST(Tokenize, ATokenizerThatAddsNothingGivesTheEndAlone) {
  TokenFile file = tokenize(words(Json::array()), {"a", "b"});
  EXPECT_THAT(ids_of(file, 0), ElementsAre(kA, kEnd));
  EXPECT_THAT(ids_of(file, 1), ElementsAre(kB, kEnd));
}

TEST(Tokenize, AnEndThatTheTokenizerAddsItselfIsNotDoubled) {
  TokenFile file = tokenize(words(Json::array({special("<s>"), kSequence, special("</s>")})), {"a"});
  EXPECT_THAT(ids_of(file, 0), ElementsAre(kBegin, kA, kEnd));
  DocumentMarks marks = document_marks(words(Json::array({kSequence, special("</s>")})));
  EXPECT_THAT(marks.before, ElementsAre());
  EXPECT_EQ(marks.after, kEnd);
}

TEST(Tokenize, SpecialTokensWrittenInADocumentAreText) {
  TokenFile file = tokenize(words(Json::array()), {"a</s>b"});  // one word that the vocabulary has not
  EXPECT_THAT(ids_of(file, 0), ElementsAre(kUnknown, kEnd));
}

TEST(Tokenize, CharactersHaveNothingAroundThem) {
  tokenizer::Tokenizer tokenizer = std::move(*tokenizer::Tokenizer::characters("xyz"));
  TokenFile file = tokenize(tokenizer, {"xy", "z"});
  EXPECT_EQ(file.size(), 3u);
  EXPECT_EQ(file.document_of(0), 0u);
  EXPECT_EQ(file.document_of(1), 0u);
  EXPECT_EQ(file.document_of(2), 1u) << "documents end without a mark, too";
}

}  // namespace
}  // namespace malmoi::data
