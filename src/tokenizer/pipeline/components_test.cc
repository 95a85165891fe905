// Every normalizer, pre-tokenizer and decoder against the answers of Hugging Face tokenizers 0.23.3.
#include <gtest/gtest.h>

#include <map>

#include "base/utf8.h"
#include "tokenizer/pipeline/decoder.h"
#include "tokenizer/pipeline/normalizer.h"
#include "tokenizer/pipeline/pre_tokenizer.h"
#include "tokenizer/test_data.h"

namespace malmoi::tokenizer {
namespace {

std::vector<std::string> texts() {
  std::vector<std::string> out;
  for (const Json& line : test_lines("texts")) out.push_back(line.get<std::string>());
  return out;
}

TEST(Normalizers, AgreeWithTheReference) {
  std::vector<std::string> all = texts();
  std::vector<Json> lines = test_lines("normalizers");
  ASSERT_EQ(all.size(), 185u);
  ASSERT_GE(lines.size(), 20u);
  for (const Json& line : lines) {
    std::string config = line["config"].dump();
    auto normalizer = normalizer_from_json(config, "test");
    ASSERT_TRUE(normalizer.ok()) << normalizer.error().to_string();
    std::map<size_t, std::string> changed;
    for (const Json& item : line["cases"]) changed[item[0].get<size_t>()] = item[1].get<std::string>();
    for (size_t i = 0; i < all.size(); ++i) {
      auto found = changed.find(i);
      if (found == changed.end() && count_code_points(all[i]) > 120) continue;  // not recorded
      const std::string& want = found == changed.end() ? all[i] : found->second;
      for (bool tracked : {false, true}) {
        NormalizedText text = NormalizedText::of(all[i], 0, tracked);
        (*normalizer)->normalize(text);
        EXPECT_EQ(text.text, want) << config << ", text " << i;
        EXPECT_EQ(text.source.size(), tracked ? text.text.size() : 0) << config << ", text " << i;
      }
    }
    std::string written;
    ASSERT_TRUE((*normalizer)->write_json(written).ok());
    EXPECT_EQ(Json::parse(written), line["config"]);
  }
}

TEST(PreTokenizers, AgreeWithTheReference) {
  std::vector<std::string> all = texts();
  std::vector<Json> lines = test_lines("pre_tokenizers");
  ASSERT_GE(lines.size(), 40u);
  for (const Json& line : lines) {
    std::string config = line["config"].dump();
    auto pre = pre_tokenizer_from_json(config, "test");
    ASSERT_TRUE(pre.ok()) << pre.error().to_string();
    for (const Json& item : line["cases"]) {
      const std::string& text = all[item[0].get<size_t>()];
      Draft draft(text, true);
      if (!text.empty()) {
        NormalizedText whole = NormalizedText::of(text, 0, true);
        draft.replace_bytes(whole.text, whole.source);
        draft.pieces.push_back({0, static_cast<uint32_t>(text.size()), 0, -1});
      }
      (*pre)->apply(draft);
      if (draft.raw_bytes) spell_draft(draft);
      std::vector<std::string> pieces;
      std::vector<size_t> starts, ends;
      for (const Piece& piece : draft.pieces) {
        pieces.emplace_back(draft.text(piece));
        Span span = draft.source_of(piece.begin, piece.end);
        starts.push_back(count_code_points(std::string_view(text).substr(0, span.begin)));
        ends.push_back(count_code_points(std::string_view(text).substr(0, span.end)));
      }
      EXPECT_EQ(Json(pieces), item[1]) << config << ", text " << item[0];
      EXPECT_EQ(Json(starts), item[2]) << config << ", text " << item[0];
      EXPECT_EQ(Json(ends), item[3]) << config << ", text " << item[0];
    }
  }
}

TEST(Decoders, AgreeWithTheReference) {
  std::vector<Json> lines = test_lines("decoders");
  ASSERT_GE(lines.size(), 15u);
  for (const Json& line : lines) {
    std::string config = line["config"].dump();
    auto decoder = decoder_from_json(config, "test");
    ASSERT_TRUE(decoder.ok()) << decoder.error().to_string();
    for (const Json& item : line["cases"]) {
      auto tokens = item[0].get<std::vector<std::string>>();
      (*decoder)->apply(tokens);
      if (item[1].is_null()) continue;  // the reference fails; here it must only not crash
      std::string text;
      for (const std::string& token : tokens) text += token;
      EXPECT_EQ(text, item[1].get<std::string>()) << config << ", " << item[0].dump();
    }
  }
}

}  // namespace
}  // namespace malmoi::tokenizer
