// Every normalizer, pre-tokenizer and decoder against the answers of Hugging Face tokenizers 0.23.3, and every type of every
// kind read, changed field by field, and written.
#include <gtest/gtest.h>

#include <map>

#include "base/utf8.h"
#include "tokenizer/json/component.h"
#include "tokenizer/models/model.h"
#include "tokenizer/pipeline/decoder.h"
#include "tokenizer/pipeline/normalizer.h"
#include "tokenizer/pipeline/post_processor.h"
#include "tokenizer/pipeline/pre_tokenizer.h"
#include "tokenizer/test_data.h"

namespace malmoi::tokenizer {
namespace {

// What a type must say to be read, and what has no other value to be changed from.
Json least_of(std::string_view kind, std::string_view type) {
  static const Json pattern = {{"Regex", "a+"}};
  static const Json around = {{"sep", {"[SEP]", 1}}, {"cls", {"[CLS]", 0}}};
  static const Json text = {{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
  static const Json special = {{"SpecialToken", {{"id", "[CLS]"}, {"type_id", 1}}}};
  static const Json vocabulary = {{"a", 0}, {"b", 1}, {"ab", 2}};
  static const std::map<std::string, Json> table = {
      {"normalizer BertNormalizer", {{"strip_accents", true}}},
      {"normalizer Precompiled", {{"precompiled_charsmap", ""}}},
      {"normalizer Prepend", {{"prepend", "_"}}},
      {"normalizer Replace", {{"pattern", pattern}, {"content", "b"}}},
      {"normalizer Sequence", {{"normalizers", Json::array({{{"type", "NFC"}}, {{"type", "Strip"}}})}}},
      {"pre-tokenizer CharDelimiterSplit", {{"delimiter", "-"}}},
      {"pre-tokenizer Delimiter", {{"delimiter", "-"}}},
      {"pre-tokenizer Metaspace", {{"replacement", "_"}}},
      {"pre-tokenizer Sequence", {{"pretokenizers", Json::array({{{"type", "Digits"}}})}}},
      {"pre-tokenizer Split", {{"pattern", pattern}}},
      {"post-processor BertProcessing", around},
      {"post-processor RobertaProcessing", around},
      {"post-processor Sequence", {{"processors", Json::array({{{"type", "ByteLevel"}}})}}},
      {"post-processor TemplateProcessing",
       {{"single", {special, text}},
        {"pair", {text, special}},
        {"special_tokens", {{"[CLS]", {{"id", "[CLS]"}, {"ids", {7}}, {"tokens", {"[CLS]"}}}}}}}},
      {"decoder Metaspace", {{"replacement", "_"}}},
      {"decoder Replace", {{"pattern", {{"String", "x"}}}, {"content", "b"}}},
      {"decoder Sequence", {{"decoders", Json::array({{{"type", "Fuse"}}, {{"type", "CTC"}}})}}},
      {"decoder Strip", {{"content", "_"}}},
      {"model BPE",
       {{"vocab", vocabulary},
        {"merges", Json::array({Json::array({"a", "b"})})},
        {"dropout", 0.5},
        {"unk_token", "b"},
        {"continuing_subword_prefix", "#"},
        {"end_of_word_suffix", "$"}}},
      {"model Unigram", {{"vocab", Json::array({{"a", -1.5}, {"b", -2.0}})}, {"unk_id", 0}}},
      {"model WordLevel", {{"vocab", vocabulary}}},
      {"model WordPiece", {{"vocab", vocabulary}}},
  };
  auto found = table.find(std::string(kind) + " " + std::string(type));
  return found == table.end() ? Json::object() : found->second;
}

// Another value for a field; null where only the test of its own type could make one.
Json other_value(const std::string& key, const Json& value) {
  static const std::map<std::string, Json> known = {
      {"behavior", "Removed"}, {"prepend_scheme", "never"}, {"precompiled_charsmap", nullptr}};
  if (auto found = known.find(key); found != known.end()) return found->second;
  if (value.is_boolean()) return !value.get<bool>();
  if (value.is_number_integer()) return value.get<int>() + 1;
  if (value.is_number()) return value.get<double>() / 2;
  if (value.is_string()) return value == "x" ? "z" : "x";
  return nullptr;
}

template <typename Base>
void expect_written_as_read(const Json& config) {
  auto made = component_from_json<Base>(config.dump(), "test");
  ASSERT_TRUE(made.ok()) << config.dump() << ": " << made.error().to_string();
  std::string written;
  ASSERT_TRUE((*made)->write_json(written).ok());
  EXPECT_EQ(Json::parse(written), config);
}

template <typename Base>
class EveryType : public ::testing::Test {};
using Kinds = ::testing::Types<Normalizer, PreTokenizer, Model, PostProcessor, Decoder>;
TYPED_TEST_SUITE(EveryType, Kinds);

TYPED_TEST(EveryType, KeepsEveryField) {
  ASSERT_GE(TypeParam::types().size(), 4u);
  for (const ComponentType<TypeParam>* type : TypeParam::types()) {
    Json config = least_of(TypeParam::kKind, type->type);
    config["type"] = type->type;
    auto made = component_from_json<TypeParam>(config.dump(), "test");
    ASSERT_TRUE(made.ok()) << config.dump() << ": " << made.error().to_string();
    std::string written;
    ASSERT_TRUE((*made)->write_json(written).ok());
    const Json full = Json::parse(written);
    expect_written_as_read<TypeParam>(full);
    for (const auto& [key, value] : config.items()) EXPECT_TRUE(full.contains(key)) << written;
    for (const auto& [key, value] : full.items()) {
      if (key == "type") continue;
      Json changed = full;
      changed[key] = other_value(key, value);
      if (!changed[key].is_null()) expect_written_as_read<TypeParam>(changed);
    }
  }
}

TYPED_TEST(EveryType, UnknownTypesAreErrors) {
  auto made = component_from_json<TypeParam>(R"({"type":"Nonesuch"})", "place");
  ASSERT_FALSE(made.ok());
  EXPECT_NE(made.error().to_string().find(std::string("place: unknown ") + std::string(TypeParam::kKind)),
            std::string::npos)
      << made.error().to_string();
}

TEST(Normalizers, AgreeWithTheReference) {
  std::vector<std::string> all = test_texts();
  std::vector<Json> lines = test_lines("normalizers");
  ASSERT_EQ(all.size(), 185u);
  ASSERT_GE(lines.size(), 20u);
  for (const Json& line : lines) {
    std::string config = line["config"].dump();
    auto normalizer = component_from_json<Normalizer>(config, "test");
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
  std::vector<std::string> all = test_texts();
  std::vector<Json> lines = test_lines("pre_tokenizers");
  ASSERT_GE(lines.size(), 40u);
  for (const Json& line : lines) {
    std::string config = line["config"].dump();
    auto pre = component_from_json<PreTokenizer>(config, "test");
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
    auto decoder = component_from_json<Decoder>(config, "test");
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
