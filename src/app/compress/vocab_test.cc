// Tests of models with fewer or more tokens: what is kept computes what it did.
#include "app/compress/vocab.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_folder.h"
#include "formats/tensor_source.h"
#include "infer/session.h"
#include "model/load.h"
#include "model/stored_values.h"
#include "tokenizer/train.h"

namespace malmoi::app {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Pair;
using tokenizer::Tokenizer;

constexpr const char* kKept = "the words of a text, the words of a model.\n";
constexpr const char* kOther = "quick brown foxes jump over lazy dogs; quick zebras gaze. THE BOX.\n";

// A fixture of 160 rows with a tokenizer over characters that has fewer tokens, and all that names ids.
class Revocabulations : public testing::Test {
 protected:
  void SetUp() override { make("mistral"); }
  void make(const std::string& fixture) {
    folder_ = test_folder("model");
    out_ = test_folder("other_vocabulary");
    const Path from = Path(MALMOI_TEST_DATA) / "models" / fixture;
    std::filesystem::copy_file(from / "config.json", folder_ / "config.json");
    std::filesystem::copy_file(from / "model.safetensors", folder_ / "model.safetensors");
    size_t left = 8;
    auto made = tokenizer::train(
        [&](std::string& text) {
          text = std::string(kKept) + kOther;
          return left-- > 0;
        },
        {.vocab_size = 110,
         .byte_level = false,
         .byte_fallback = false,
         .special_tokens = std::vector<std::string>{"<unk>", "<s>", "</s>"}});
    ASSERT_TRUE(made.ok()) << made.error().to_string();
    ASSERT_TRUE(made->save(folder_).ok());
    tokenizer_.emplace(*std::move(made));
    text_ = folder_ / "kept.txt";
    ASSERT_TRUE(write_file(text_, kKept).ok());
    ASSERT_TRUE(write_file(folder_ / "generation_config.json", R"({"eos_token_id": [2, 1], "temperature": 0.5})").ok());
    ASSERT_TRUE(write_file(folder_ / "chat_template.jinja", "{{ messages }}").ok());
    ASSERT_TRUE(write_file(folder_ / "vocab.json", "{}").ok());
  }
  static std::vector<float> last_logits(const Path& folder, const std::vector<int32_t>& ids) {
    auto model = model::load_model(folder, {});
    EXPECT_TRUE(model.ok()) << model.error().to_string();
    if (!model.ok()) return {};
    auto session = infer::Session::create(**model);
    auto state = (*session)->open();
    (*session)->append(*state, ids, 1);
    auto logits = (*session)->logits();
    EXPECT_TRUE(logits.ok());
    return {logits->begin(), logits->end()};
  }

  Path folder_, out_, text_;
  std::optional<Tokenizer> tokenizer_;
};

TEST_F(Revocabulations, TrimmedModelsGiveTheSameLogits) {
  for (const char* fixture : {"mistral", "qwen3"}) {  // a head of its own, and a tied one
    make(fixture);
    const auto report = trim_model({.model = folder_.string(), .data = text_, .out = out_}, {});
    ASSERT_TRUE(report.ok()) << report.error().to_string();
    EXPECT_EQ(report->vocab_before, 160);
    EXPECT_LT(report->vocab_after, tokenizer_->vocab_size());
    EXPECT_EQ(report->tokens_before, report->tokens_after);
    EXPECT_LT(report->parameters_after, report->parameters_before);
    auto after = Tokenizer::load(out_);
    ASSERT_TRUE(after.ok()) << after.error().to_string();
    const std::vector<int32_t> ids_before = tokenizer_->encode(kKept), ids_after = after->encode(kKept);
    ASSERT_EQ(ids_before.size(), ids_after.size());
    for (size_t i = 0; i < ids_before.size(); ++i)
      EXPECT_EQ(tokenizer_->piece(ids_before[i]), after->piece(ids_after[i]));
    const std::vector<float> before = last_logits(folder_, ids_before), trimmed = last_logits(out_, ids_after);
    ASSERT_EQ(static_cast<int64_t>(trimmed.size()), report->vocab_after);
    for (int32_t id = 0; id < after->vocab_size(); ++id) {
      const auto old = tokenizer_->id_of(after->piece(id));
      ASSERT_TRUE(old.has_value()) << after->piece(id);
      ASSERT_NEAR(trimmed[static_cast<size_t>(id)], before[static_cast<size_t>(*old)], 1e-5);
    }
  }
}

TEST_F(Revocabulations, WhatStandsBesideGoesAlong) {
  ASSERT_TRUE(trim_model({.model = folder_.string(), .data = text_, .out = out_}, {}).ok());
  auto after = Tokenizer::load(out_);
  ASSERT_TRUE(after.ok());
  auto generation = read_json((out_ / "generation_config.json").string());
  ASSERT_TRUE(generation.ok());
  EXPECT_EQ((*generation)["eos_token_id"][0], *after->id_of("</s>"));
  EXPECT_EQ((*generation)["temperature"], 0.5);
  EXPECT_EQ(*read_file(out_ / "chat_template.jinja"), "{{ messages }}");
  EXPECT_FALSE(std::filesystem::exists(out_ / "vocab.json"));
  auto config = read_json((out_ / "config.json").string());
  ASSERT_TRUE(config.ok());
  EXPECT_EQ((*config)["vocab_size"], after->vocab_size());
  EXPECT_TRUE(after->is_special(*after->id_of("<s>")));
}

TEST_F(Revocabulations, ASizeIsKept) {
  const int64_t size = 30;
  const auto report = trim_model({.model = folder_.string(), .data = text_, .out = out_, .rule = {.size = size}}, {});
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_LE(report->vocab_after, size);
  EXPECT_GE(report->tokens_after, report->tokens_before);
  const auto refused = trim_model({.model = folder_.string(), .data = text_, .out = folder_}, {});
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().to_string(), HasSubstr("own folder"));
}

TEST_F(Revocabulations, NewRowsAreMeansOfTheOldPieces) {
  for (const char* fixture : {"mistral", "qwen3"}) {
    make(fixture);
    std::string lines = "models\n";
    for (int i = 0; i < 80; ++i) lines += "word" + std::to_string(i) + "x\n";  // more than there are rows left
    ASSERT_TRUE(write_file(folder_ / "tokens.txt", lines).ok());
    const auto report =
        extend_model({.model = folder_.string(), .out = out_, .tokens = folder_ / "tokens.txt", .data = {}}, {});
    ASSERT_TRUE(report.ok()) << report.error().to_string();
    const int32_t first = tokenizer_->vocab_size();
    EXPECT_EQ(report->vocab_after, std::max<int64_t>(160, first + 81));
    EXPECT_THAT(report->added, Contains(Pair("models", first)));
    auto before = formats::open_weights(folder_), after = formats::open_weights(out_);
    ASSERT_TRUE(before.ok() && after.ok());
    const std::vector<float> old_rows = *model::stored_values(*(*before)->find("model.embed_tokens.weight"), "");
    const std::vector<float> new_rows = *model::stored_values(*(*after)->find("model.embed_tokens.weight"), "");
    const size_t width = old_rows.size() / 160;
    const std::vector<int32_t> pieces = tokenizer_->encode("models");
    ASSERT_GE(pieces.size(), 2u);
    for (size_t c = 0; c < width; ++c) {
      float mean = 0;
      for (int32_t id : pieces)
        mean += old_rows[static_cast<size_t>(id) * width + c] / static_cast<float>(pieces.size());
      ASSERT_NEAR(new_rows[static_cast<size_t>(first) * width + c], mean, 1e-6);
      ASSERT_EQ(new_rows[5 * width + c], old_rows[5 * width + c]);
    }
    EXPECT_EQ((*after)->find("lm_head.weight") == nullptr, std::string(fixture) == "qwen3");
    EXPECT_TRUE(model::load_model(out_, {}).ok());
  }
}

TEST_F(Revocabulations, LearnedTokensMakeTextsShorter) {
  ASSERT_TRUE(write_file(text_, std::string(kKept) + kKept + "some thing, some thing, some thing else\n").ok());
  const auto report = extend_model({.model = folder_.string(), .out = out_, .tokens = {}, .data = text_, .add = 4}, {});
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_LT(report->tokens_after, report->tokens_before);
  EXPECT_EQ(report->vocab_after, 160);  // rows that no token had
  auto refusal = [&](const VocabExtendOptions& options) {
    const auto refused = extend_model(options, {});
    return refused.ok() ? "accepted" : refused.error().to_string();
  };
  EXPECT_THAT(refusal({.model = folder_.string(), .out = out_, .tokens = {}, .data = {}}), HasSubstr("--tokens"));
  EXPECT_THAT(refusal({.model = folder_.string(), .out = out_, .tokens = {}, .data = {}, .add = 4}),
              HasSubstr("--data"));
}

TEST_F(Revocabulations, FocusMixesRowsOfLikeTokens) {
  ASSERT_TRUE(write_file(text_, std::string(kKept) + kOther + "some thing, some thing, some thing else\n").ok());
  const auto report =
      extend_model({.model = folder_.string(), .out = out_, .tokens = {}, .data = text_, .add = 4, .focus = true}, {});
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_GE(report->by_company, 1);
  EXPECT_TRUE(model::load_model(out_, {}).ok());
}

}  // namespace
}  // namespace malmoi::app
