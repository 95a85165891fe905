// Adapters written for llama.cpp and read again: the same rows, the same scale.
#include "app/use/adapter_gguf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "app/use/test_tiny_base.h"
#include "formats/gguf.h"
#include "infer/session.h"
#include "model/test_adapter.h"

namespace malmoi::app {
namespace {

using testing::HasSubstr;

class AdapterGguf : public TinyBase {
 protected:
  std::string exported(const Path& adapter) {
    const Status done = export_adapter({.model = base().string(), .adapter = adapter, .out = folder_ / "a.gguf"}, {});
    return done.ok() ? "written" : done.error().to_string();
  }
  // The logits of a text through an adapter.
  std::vector<float> logits(const Path& adapter) {
    auto opened = with_adapter(adapter);
    EXPECT_TRUE(opened.ok()) << opened.error().to_string();
    auto session = infer::Session::create(*opened->model, {.row_invariant = false});
    EXPECT_TRUE(session.ok());
    const std::vector<int32_t> ids{1, 7, 3, 200, 5};
    (*session)->add({.ids = ids}, static_cast<int64_t>(ids.size()));
    auto logits = (*session)->logits();
    EXPECT_TRUE(logits.ok());
    return {logits->begin(), logits->end()};
  }

  const model::AdapterTensors tensors_ = model::low_rank_tensors({{"model.layers.0.self_attn.q_proj", {32, 32}},
                                                                  {"model.layers.1.self_attn.k_proj", {16, 32}},
                                                                  {"model.layers.1.mlp.up_proj", {64, 32}},
                                                                  {"lm_head", {264, 32}}});
};

TEST_F(AdapterGguf, ReadAgainIsWhatItWas) {
  for (bool root : {false, true}) {
    const Path adapter = model::write_adapter("peft", model::adapter_json({{"use_rslora", root}}), tensors_);
    ASSERT_EQ(exported(adapter), "written");
    auto file = formats::Gguf::open(folder_ / "a.gguf");
    ASSERT_TRUE(file.ok());
    EXPECT_EQ(file->text_or("general.type", ""), "adapter");
    EXPECT_EQ(file->text_or("general.architecture", ""), "llama");
    EXPECT_NEAR(*file->number("adapter.lora.alpha"), root ? 6 * std::sqrt(2.0) : 6, 1e-5);
    ASSERT_TRUE(file->tensor("blk.0.attn_q.weight.lora_b"));
    EXPECT_EQ(file->tensor("blk.0.attn_q.weight.lora_a")->dims, (std::vector<uint64_t>{32, 2}));
    EXPECT_EQ(file->tensor("blk.0.attn_q.weight.lora_b")->dims, (std::vector<uint64_t>{2, 32}));
    const std::vector<float> want = logits(adapter), got = logits(folder_ / "a.gguf");
    ASSERT_EQ(want.size(), got.size());
    for (size_t i = 0; i < want.size(); ++i) ASSERT_NEAR(want[i], got[i], 1e-4 * (1 + std::abs(want[i]))) << i;
  }
}

// llama.cpp finds the same matrix where it looks words up and where it makes logits.
TEST_F(AdapterGguf, WordsThatAreTheHeadAreRefused) {
  Json config = infer::tiny_model()->config();
  config["tie_word_embeddings"] = true;
  ASSERT_TRUE(model::save_model(*infer::tiny_model_of(config, 7), base()).ok());
  model::AdapterTensors words = {{"base_model.model.model.embed_tokens.lora_embedding_A", {2, 264}},
                                 {"base_model.model.model.embed_tokens.lora_embedding_B", {32, 2}}};
  EXPECT_THAT(exported(model::write_adapter("words", model::adapter_json(), words)),
              HasSubstr("the table of words that is the head"));
  words["base_model.model.lm_head.lora_A.weight"] = {2, 32};
  words["base_model.model.lm_head.lora_B.weight"] = {264, 2};
  EXPECT_THAT(exported(model::write_adapter("both", model::adapter_json({{"ensure_weight_tying", true}}), words)),
              HasSubstr("as one"));
}

TEST_F(AdapterGguf, WhatLlamaCppWouldReadOtherwiseIsRefused) {
  auto refused = [&](const Json& changes, model::AdapterTensors tensors) {
    return exported(model::write_adapter("other", model::adapter_json(changes), tensors));
  };
  EXPECT_THAT(refused({{"alpha_pattern", {{"up_proj", 3}}}}, tensors_), HasSubstr("scales of its modules differ"));
  EXPECT_THAT(refused({{"lora_alpha", 0}}, tensors_), HasSubstr("scaled by 0"));
  auto whole = tensors_;
  whole["base_model.model.model.norm.weight"] = {32};
  EXPECT_THAT(refused(Json::object(), whole), HasSubstr("takes the place"));
  auto magnitudes = model::low_rank_tensors({{"model.layers.0.self_attn.q_proj", {32, 32}}});
  magnitudes["base_model.model.model.layers.0.self_attn.q_proj.lora_magnitude_vector"] = {32};
  EXPECT_THAT(refused({{"use_dora", true}}, magnitudes), HasSubstr("DoRA"));
  const Status positions =
      export_adapter({.model = (Path(MALMOI_TEST_DATA) / "models" / "gpt2").string(),
                      .adapter = model::write_adapter("positions", model::adapter_json(),
                                                      {{"base_model.model.transformer.wpe.lora_embedding_A", {2, 64}},
                                                       {"base_model.model.transformer.wpe.lora_embedding_B", {48, 2}}}),
                      .out = folder_ / "a.gguf"},
                     {});
  ASSERT_FALSE(positions.ok());
  EXPECT_THAT(positions.error().to_string(), HasSubstr("is a table of positions"));
}

}  // namespace
}  // namespace malmoi::app
