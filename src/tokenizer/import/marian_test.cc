// Marian's tokenizers: pieces by source.spm, ids by vocab.json, texts of ids by target.spm.
#include "tokenizer/import/marian.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/test_folder.h"
#include "tokenizer/import/sentencepiece_proto.h"

namespace malmoi::tokenizer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

SentencePieceModel model_of(const std::vector<std::string>& words) {
  SentencePieceModel model;
  model.pieces = {{"<unk>", 0, PieceKind::kUnknown}, {"<s>", 0, PieceKind::kControl}, {"</s>", 0, PieceKind::kControl}};
  float score = -1;
  for (const std::string& word : words) model.pieces.push_back({word, score -= 0.1f});
  return model;
}

class Marian : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = test_folder("marian_tokenizer");
    write("source.spm", write_sentencepiece(model_of({"▁the", "▁cat", "s", "▁", "t"})));
    write("target.spm", write_sentencepiece(model_of({"▁die", "▁Katze", "n"})));
    write("vocab.json", dump_json({{"</s>", 0},
                                   {"<unk>", 1},
                                   {"▁Katze", 2},
                                   {"▁cat", 3},
                                   {"n", 4},
                                   {"▁the", 5},
                                   {"▁die", 6},
                                   {"s", 7},
                                   {">>deu<<", 8},
                                   {"▁", 9},
                                   {"<pad>", 10}}));
  }
  void write(const char* name, const std::string& bytes) { ASSERT_TRUE(write_file(folder_ / name, bytes).ok()); }
  std::string refusal() const {
    auto loaded = Tokenizer::load(folder_);
    return loaded.ok() ? "accepted" : loaded.error().to_string();
  }
  Path folder_;
};

TEST_F(Marian, TextsAreCutByTheSourceAndNumberedByTheVocabulary) {
  auto loaded = Tokenizer::load(folder_);
  ASSERT_TRUE(loaded.ok()) << loaded.error().to_string();
  const EncodeOptions special{.add_special = true};
  EXPECT_THAT(loaded->encode("the cats", special), ElementsAre(5, 3, 7, 0));
  EXPECT_THAT(loaded->encode("the t", special), ElementsAre(5, 9, 1, 0)) << "a piece that the vocabulary has not";
  EXPECT_THAT(loaded->encode(">>deu<< the", special), ElementsAre(8, 5, 0));
  EXPECT_EQ(loaded->encode_full("the cats", special).ids, loaded->encode("the cats", special));
  EXPECT_EQ(loaded->vocab_size(), 11);
  EXPECT_EQ(loaded->eos_id(), 0);
  EXPECT_EQ(loaded->pad_id(), 10);
}

TEST_F(Marian, IdsAreReadBackByTheTarget) {
  auto loaded = Tokenizer::load(folder_);
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->decode(std::vector<int32_t>{6, 2, 4, 0}, true), "die Katzen");
  EXPECT_EQ(loaded->decode(std::vector<int32_t>{5, 3, 7}, true), "the cats") << "pieces of the other side";
}

TEST_F(Marian, WhatCannotBeReadIsSaid) {
  write("target_vocab.json", "{}");
  EXPECT_THAT(refusal(), HasSubstr("target_vocab.json"));
  std::filesystem::remove(folder_ / "target_vocab.json");
  write("vocab.json", R"({"<unk>": 1})");
  EXPECT_THAT(refusal(), HasSubstr("has no </s>"));
  write("vocab.json", R"({"</s>": -4, "<unk>": 1})");
  EXPECT_THAT(refusal(), HasSubstr("'</s>'"));
  std::filesystem::remove(folder_ / "vocab.json");
  EXPECT_THAT(refusal(), HasSubstr("vocab.json"));
  EXPECT_FALSE(Tokenizer::load(folder_ / "source.spm").ok());
}

}  // namespace
}  // namespace malmoi::tokenizer
