// Adapters that fit no model, and what fitting leaves as it was.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/gguf.h"
#include "model/adapt.h"
#include "model/adapter.h"
#include "model/load.h"
#include "model/test_adapter.h"

namespace malmoi::model {
namespace {

using testing::HasSubstr;

constexpr const char* kQuery = "model.layers.0.self_attn.q_proj";

Path models(const std::string& name) { return Path(MALMOI_TEST_DATA) / "models" / name; }

// What is wrong with adapters around a golden's model, or "accepted".
std::string refusal_around(const std::string& model, const std::vector<Path>& adapters) {
  auto loaded = load_model(models(model), {});
  EXPECT_TRUE(loaded.ok()) << loaded.error().to_string();
  auto adapted = adapt(**loaded, adapters);
  return adapted.ok() ? "accepted" : adapted.error().to_string();
}

std::string refusal_of(const Json& config, const AdapterTensors& tensors,
                       const std::string& model = "llama-gqa-rope3") {
  return refusal_around(model, {write_adapter("refused", adapter_json(config), tensors)});
}

class Adapt : public testing::Test {
 protected:
  void SetUp() override {
    auto loaded = load_model(models("llama-gqa-rope3"), {});
    ASSERT_TRUE(loaded.ok());
    width_ = (*loaded)->hidden_size();
    rows_ = 0;
    for (const auto& entry : (*loaded)->parameters.entries()) {
      for (const nn::Source& source : entry->spec.sources) {
        if (source.name == std::string(kQuery) + ".weight") rows_ = source.rows;
      }
    }
    good_ = low_rank_tensors({{kQuery, {rows_, width_}}});
  }
  AdapterTensors with(const std::string& tensor, std::vector<int64_t> shape) const {
    AdapterTensors tensors = good_;
    tensors["base_model.model." + tensor] = std::move(shape);
    return tensors;
  }
  int64_t width_ = 0, rows_ = 0;
  AdapterTensors good_;
};

TEST_F(Adapt, WhatDoesNotFitIsNamed) {
  const std::string a = std::string(kQuery) + ".lora_A.weight", b = std::string(kQuery) + ".lora_B.weight";
  EXPECT_EQ(refusal_of(Json::object(), good_), "accepted");
  struct Row {
    const char* says;
    Json config;
    AdapterTensors tensors;
  };
  const Row rows[] = {
      {"lora_A.weight' has shape", Json::object(), with(a, {2, width_ + 1})},
      {"lora_B.weight' has shape", Json::object(), with(b, {rows_ - 1, 2})},
      {"a rank of 3", {{"r", 3}}, good_},
      {"a rank of 2", Json::object(), with(a, {1, width_})},
      {"is no matrix", Json::object(), with(a, {0})},
      {"convolution", Json::object(), with(a, {2, width_, 3})},
      {"target_modules does not name", {{"target_modules", {"k_proj"}}}, good_},
      {"has no lora_B", Json::object(), with("model.layers.1.self_attn.q_proj.lora_A.weight", {2, width_})},
      {"has no lora_magnitude_vector", {{"use_dora", true}}, good_},
      {"use_dora false", Json::object(), with(std::string(kQuery) + ".lora_magnitude_vector", {rows_})},
      {"lora_magnitude_vector' has shape",
       {{"use_dora", true}},
       with(std::string(kQuery) + ".lora_magnitude_vector", {rows_ + 1})},
      {"lora_bias", Json::object(), with(std::string(kQuery) + ".lora_B.bias", {rows_})},
      {"not known", Json::object(), with(std::string(kQuery) + ".lora_novel", {rows_})},
      {"not known", Json::object(), with("model.embed_tokens.token_adapter.trainable_tokens_delta", {3, width_})},
      {"'base_model.model.model.norm.lora_A.weight'", Json::object(),
       [&] {
         AdapterTensors tensors = with("model.norm.lora_A.weight", {2, width_});
         tensors["base_model.model.model.norm.lora_B.weight"] = {width_, 2};
         return tensors;
       }()},
      {"'base_model.model.model.layers.9.mlp.up_proj.weight' belongs to nothing", Json::object(),
       with("model.layers.9.mlp.up_proj.weight", {3, 3})},
      {"'base_model.model.lm_head.weight' has shape", Json::object(), with("lm_head.weight", {3, 3})},
  };
  for (const Row& row : rows) {
    const std::string refused = refusal_of(row.config, row.tensors);
    EXPECT_THAT(refused, HasSubstr(row.says));
    EXPECT_THAT(refused, HasSubstr("adapter_model.safetensors"));
  }
}

TEST_F(Adapt, WhatStandsInThePlaceOfTheModelsIsAloneWithIt) {
  const Path plain = write_adapter("plain", adapter_json(), good_);
  const Path whole = write_adapter("whole", adapter_json(), with("model.norm.weight", {width_}));
  EXPECT_EQ(refusal_around("llama-gqa-rope3", {plain, plain}), "accepted");
  EXPECT_EQ(refusal_around("llama-gqa-rope3", {whole}), "accepted");
  EXPECT_THAT(refusal_around("llama-gqa-rope3", {plain, whole}), HasSubstr("model.norm.weight"));
}

TEST_F(Adapt, WhatTheModelHasNoUseForIsPassedOverWithAWarning) {
  auto model = load_model(models("bert"), {});
  ASSERT_TRUE(model.ok());
  const int64_t width = (*model)->hidden_size();
  const Path adapter = write_adapter("unused", adapter_json(),
                                     low_rank_tensors({{"bert.encoder.layer.0.attention.self.query", {width, width}},
                                                       {"bert.pooler.dense", {width, width}}}));
  std::vector<std::string> warned;
  auto adapted = adapt(**model, {&adapter, 1}, [&](const std::string& line) { warned.push_back(line); });
  ASSERT_TRUE(adapted.ok()) << adapted.error().to_string();
  ASSERT_EQ(warned.size(), 1u);
  EXPECT_THAT(warned[0], HasSubstr("bert.pooler.dense.lora_A"));
}

TEST_F(Adapt, FoldersWithoutAnAdapterAreNamed) {
  const Path empty = test_folder("no_adapter");
  EXPECT_THAT(refusal_around("llama-gqa-rope3", {empty}), HasSubstr("there is no adapter"));
  ASSERT_TRUE(write_file(empty / "adapter_config.json", dump_json(adapter_json())).ok());
  EXPECT_THAT(refusal_around("llama-gqa-rope3", {empty}), HasSubstr("adapter_model.safetensors"));
  ASSERT_TRUE(write_file(empty / "adapter_model.safetensors", "no tensors").ok());
  EXPECT_THAT(refusal_around("llama-gqa-rope3", {empty}), HasSubstr("adapter_model.safetensors"));
}

// GGUF adapters.

using Matrices = std::map<std::string, std::vector<uint64_t>>;  // fastest first

Path write_gguf_adapter(const std::function<void(formats::GgufMetadata&)>& change, const Matrices& matrices) {
  const Path path = test_folder("gguf_adapter") / "adapter.gguf";
  formats::GgufMetadata metadata;
  metadata.set_text("general.type", "adapter");
  metadata.set_text("general.architecture", "llama");
  metadata.set_text("adapter.type", "lora");
  metadata.set_f32("adapter.lora.alpha", 6);
  change(metadata);
  std::vector<formats::GgufTensorSpec> specs;
  for (const auto& [name, dims] : matrices) specs.push_back({name, formats::ggml_type("F32"), dims});
  auto written = formats::write_gguf(path, metadata, specs, [&](size_t i, const auto& sink) {
    Rng rng(3, i);
    std::vector<float> values(specs[i].dims[0] * specs[i].dims[1]);
    for (float& value : values) value = static_cast<float>(0.3 * rng.normal());
    return sink(std::as_bytes(std::span<const float>(values)));
  });
  EXPECT_TRUE(written.ok());
  return path;
}

TEST_F(Adapt, GgufAdaptersFitOrSayWhy) {
  const auto in = static_cast<uint64_t>(width_), out = static_cast<uint64_t>(rows_);
  const Matrices good = {{"blk.0.attn_q.weight.lora_a", {in, 2}}, {"blk.0.attn_q.weight.lora_b", {2, out}}};
  auto nothing = [](formats::GgufMetadata&) {};
  auto refused = [&](const Path& adapter) { return refusal_around("llama-gqa-rope3", {adapter}); };
  EXPECT_EQ(refused(write_gguf_adapter(nothing, good)), "accepted");
  auto with = [&](const char* name, std::vector<uint64_t> dims) {
    Matrices matrices = good;
    matrices[name] = std::move(dims);
    return matrices;
  };
  EXPECT_THAT(refused(write_gguf_adapter(nothing, with("blk.0.attn_q.weight.lora_a", {in + 1, 2}))),
              HasSubstr("shape"));
  EXPECT_THAT(refused(write_gguf_adapter(nothing, with("blk.0.attn_k.weight.lora_a", {in, 2}))),
              HasSubstr("no lora_B"));
  EXPECT_THAT(refused(write_gguf_adapter(nothing, with("blk.0.attn_norm.weight", {in, 1}))), HasSubstr("not known"));
  Matrices other = with("blk.7.attn_q.weight.lora_a", {in, 2});
  other["blk.7.attn_q.weight.lora_b"] = {2, out};
  EXPECT_THAT(refused(write_gguf_adapter(nothing, other)), HasSubstr("blk.7.attn_q.weight.lora_a' belongs to nothing"));
  auto text = [](const char* key, const char* value) {
    return [=](formats::GgufMetadata& metadata) { metadata.set_text(key, value); };
  };
  EXPECT_THAT(refused(write_gguf_adapter(text("general.type", "model"), good)), HasSubstr("general.type"));
  EXPECT_THAT(refused(write_gguf_adapter(text("adapter.type", "vera"), good)), HasSubstr("vera"));
  EXPECT_THAT(refused(write_gguf_adapter(text("adapter.lora.alpha", "much"), good)), HasSubstr("adapter.lora.alpha"));
  EXPECT_THAT(refused(write_gguf_adapter(text("general.architecture", "gpt2"), good)), HasSubstr("gpt2"));
}

}  // namespace
}  // namespace malmoi::model
