// SentencePiece models as tokenizer.json: the same ids, or an error that shows a text.
#include "tokenizer/export/json_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tokenizer/import/sentencepiece.h"
#include "tokenizer/test_data.h"
#include "tokenizer/unicode/normalization.h"

namespace malmoi::tokenizer {
namespace {

using ::testing::HasSubstr;

using Type = SentencePieceModel::Type;

// Letters, a few pieces of them, user-defined texts among which one lies within another, and bytes where asked.
SentencePieceModel small_model(Type type, bool bytes) {
  SentencePieceModel model;
  model.type = type;
  model.byte_fallback = bytes;
  model.pieces = {{"<unk>", 0, PieceKind::kUnknown}, {"<s>", 0, PieceKind::kControl}, {"</s>", 0, PieceKind::kControl}};
  for (const char* text : {"<sep>", "ab<", "가나", "+"}) model.pieces.push_back({text, 0, PieceKind::kUserDefined});
  // Unigram has ways of equal scores through a run of spaces with these.
  if (type == Type::kBpe) model.pieces.push_back({"▁▁▁", 0, PieceKind::kUserDefined});
  if (type == Type::kBpe) model.pieces.push_back({"▁▁", -0.5F, PieceKind::kNormal});
  if (bytes)
    for (int byte = 0; byte < 256; ++byte) {
      char name[8];
      std::snprintf(name, sizeof name, "<0x%02X>", byte);
      model.pieces.push_back({name, 0, PieceKind::kByte});
    }
  float score = -1;
  for (const char* text : {"▁", "a", "b", "s", "e", "p", "<", ">", "c", "가", "나", "다"})
    model.pieces.push_back({text, score -= 0.37F, PieceKind::kNormal});
  for (const char* text : {"▁a", "ab", "▁ab", "se", "sep", "다가", "b▁"})
    model.pieces.push_back({text, type == Type::kBpe ? score += 0.01F : score / 2, PieceKind::kNormal});
  return model;
}

const std::vector<std::string>& tricky_texts() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> texts = {"<sep>",       "a<sep>b", " <sep> ",    "<sep><sep>a", "  a   <sep>    b ",
                                      "ab<sep>",     "ab<",     "가나다가나", "a+b++c",      "<se p>",
                                      "\n<sep>\n",   "\t a",    "x<sep>\x01", "▁<sep>",      "</s>a b",
                                      "a</s><sep>b", "     "};
    texts.insert(texts.end(), test_texts().begin(), test_texts().end());
    return texts;
  }();
  return all;
}

TEST(JsonCheck, UserDefinedPiecesAndSpacesAreTheSame) {
  int exact = 0;
  for (Type type : {Type::kUnigram, Type::kBpe})
    for (int options = 0; options < 8; ++options) {
      SentencePieceModel model = small_model(type, options & 4);
      model.add_dummy_prefix = options & 1;
      model.remove_extra_whitespaces = options & 2;
      auto tokenizer = sentencepiece_tokenizer(model, "model");
      ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().to_string();
      auto rare = check_exact_json(*tokenizer);
      ASSERT_TRUE(rare.ok()) << static_cast<int>(type) << " " << options << ": " << rare.error().to_string();
      if (!model.byte_fallback) {  // else names of byte tokens in a text
        EXPECT_EQ(*rare, "");
      }
      auto json = to_tokenizer_json(tokenizer->parts());
      ASSERT_TRUE(json.ok());
      auto written = Tokenizer::from_json(*json);
      ASSERT_TRUE(written.ok()) << written.error().to_string();
      for (const std::string& text : tricky_texts())
        EXPECT_EQ(written->encode(text), tokenizer->encode(text)) << static_cast<int>(type) << options << " " << text;
      ++exact;
    }
  EXPECT_EQ(exact, 16);
}

Result<std::string> checked(const SentencePieceModel& model) {
  MALMOI_ASSIGN(Tokenizer tokenizer, sentencepiece_tokenizer(model, "model"));
  return check_exact_json(tokenizer);
}

TEST(JsonCheck, WhatCannotBeHeldShowsAText) {
  SentencePieceModel suffix = small_model(Type::kBpe, false);
  suffix.treat_whitespace_as_suffix = true;
  auto refused = checked(suffix);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().to_string(), HasSubstr("mark of a word at its end"));

  auto nfkc = parse_sentencepiece(test_file("sp-unigram-nfkc/tokenizer.model"), "model");
  ASSERT_TRUE(nfkc.ok()) << nfkc.error().to_string();
  // Ways of equal scores, between which the precision of their sums decides.
  SentencePieceModel ties = small_model(Type::kUnigram, false);
  ties.remove_extra_whitespaces = false;
  ties.pieces.push_back({"▁▁▁", 0, PieceKind::kUserDefined});
  refused = checked(ties);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().to_string(), HasSubstr("would cut"));

  SentencePieceModel kept = small_model(Type::kUnigram, false);
  kept.charsmap = nfkc->charsmap;
  kept.pieces.push_back({"①", 0, PieceKind::kUserDefined});  // which the format would normalise
  refused = checked(kept);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().to_string(), HasSubstr("①"));
}

// A character map is held but for compatibility characters with marks behind them, of which one is told.
TEST(JsonCheck, CharacterMapsHoldForCharactersAndCompositions) {
  for (const char* name : {"sp-unigram-nfkc", "sp-char"}) {
    auto model = parse_sentencepiece(test_file(std::string(name) + "/tokenizer.model"), "model");
    ASSERT_TRUE(model.ok()) << model.error().to_string();
    auto tokenizer = sentencepiece_tokenizer(*model, "model");
    ASSERT_TRUE(tokenizer.ok());
    auto rare = check_exact_json(*tokenizer);
    ASSERT_TRUE(rare.ok()) << name << ": " << rare.error().to_string();
    EXPECT_NE(*rare, "");
    auto written = Tokenizer::from_json(*to_tokenizer_json(tokenizer->parts()));
    ASSERT_TRUE(written.ok());
    size_t compared = 0;
    for (const std::string& text : tricky_texts()) {
      if (!is_normal(text, NormalForm::kNfc)) continue;  // hostile marks and jamo among these texts
      EXPECT_EQ(written->encode(text), tokenizer->encode(text)) << text;
      ++compared;
    }
    EXPECT_GT(compared, 150u);
  }
}

}  // namespace
}  // namespace malmoi::tokenizer
