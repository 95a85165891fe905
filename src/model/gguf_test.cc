// Tests of models in GGUF files: metadata that says what cannot be, and what is missing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/gguf.h"
#include "model/gguf_config.h"
#include "model/load.h"
#include "tensor/block_type.h"

namespace malmoi::model {
namespace {

using formats::Gguf;
using formats::GgufMetadata;
using testing::HasSubstr;

class GgufModels : public testing::Test {
 protected:
  void SetUp() override {
    open("llama-headdim");
    path_ = Path(testing::TempDir()) / "malmoi_changed_model.gguf";
  }
  void open(const char* name) {
    auto opened = Gguf::open(Path(MALMOI_TEST_DATA) / "gguf" / name / "model.gguf");
    ASSERT_TRUE(opened.ok()) << opened.error().to_string();
    file_.emplace(std::move(*opened));
  }
  void TearDown() override { std::filesystem::remove(path_); }

  // The same model with other metadata: `change` sets keys over those of the file but `without`.
  std::string load(const std::function<void(GgufMetadata&)>& change, std::string_view without = {},
                   std::string_view without_tensor = {}, std::string_view turned_tensor = {}) {
    GgufMetadata metadata;
    for (const auto& [key, value] : file_->pairs()) {
      if (key != without) metadata.set(key, value);
    }
    change(metadata);
    std::vector<formats::GgufTensorSpec> specs;
    std::vector<const formats::GgufTensor*> tensors;
    for (const auto& tensor : file_->tensors()) {
      if (tensor.name == without_tensor) continue;
      specs.push_back({tensor.name, tensor.type, tensor.dims});
      if (tensor.name == turned_tensor) std::swap(specs.back().dims[0], specs.back().dims[1]);
      tensors.push_back(&tensor);
    }
    auto written = formats::write_gguf(path_, metadata, specs,
                                       [&](size_t index, const auto& sink) { return sink(bytes_of(*tensors[index])); });
    EXPECT_TRUE(written.ok());
    auto model = load_model(path_, {});
    if (model.ok()) return "accepted";
    EXPECT_NE(model.error().code, ErrorCode::kUsage);  // nothing that its user wrote
    return model.error().to_string();
  }

  // Those of the file, but where a test has put others.
  std::vector<std::byte> bytes_of(const formats::GgufTensor& tensor) const {
    const std::span<const std::byte> bytes = *file_->bytes(tensor);
    std::vector<std::byte> copy(bytes.begin(), bytes.end());
    if (tensor.name == damaged_) copy[damaged_at_] = damage_;
    return copy;
  }

  std::optional<Gguf> file_;
  Path path_;
  std::string damaged_;  // a tensor, of which one byte is another
  size_t damaged_at_ = 0;
  std::byte damage_{};
};

TEST_F(GgufModels, WhatCannotBeIsNamed) {
  auto set = [](std::string key, uint32_t value) {
    return [=](GgufMetadata& metadata) { metadata.set_u32(key, value); };
  };
  auto nothing = [](GgufMetadata&) {};
  EXPECT_EQ(load(nothing), "accepted");
  EXPECT_THAT(load(set("llama.attention.head_count", 0)), HasSubstr("num_attention_heads"));
  EXPECT_THAT(load(set("llama.block_count", 0xFFFFFFFFu)), HasSubstr("num_hidden_layers"));
  EXPECT_THAT(load(set("llama.embedding_length", 8)), HasSubstr("shape"));
  EXPECT_THAT(load(set("llama.novel_trick", 1)), HasSubstr("llama.novel_trick"));
  EXPECT_THAT(load(set("split.count", 3)), HasSubstr("part 1 of 3"));
  EXPECT_EQ(load(set("split.count", 1)), "accepted");
  EXPECT_THAT(load([](GgufMetadata& metadata) { metadata.set_text("general.architecture", "frobnicate"); }),
              HasSubstr("'frobnicate' is not known; use one of"));
  EXPECT_THAT(load([](GgufMetadata& metadata) { metadata.set_text("llama.block_count", "two"); }),
              HasSubstr("llama.block_count"));
  for (const char* key : {"llama.embedding_length", "llama.block_count", "llama.attention.head_count"})
    EXPECT_THAT(load(nothing, key), HasSubstr(std::string(key) + ": the key is missing"));
  EXPECT_THAT(load(nothing, "general.architecture"), HasSubstr("general.architecture"));
  EXPECT_THAT(load(nothing, {}, "token_embd.weight"), HasSubstr("token_embd.weight"));
  EXPECT_THAT(load(nothing, {}, "blk.1.attn_norm.weight"), HasSubstr("model.layers.1.input_layernorm.weight"));
}

// What llama.cpp divides frequencies by stands among the tensors.
TEST_F(GgufModels, DivisorsOfFrequenciesAreReadOrRefused) {
  auto opened = Gguf::open(Path(MALMOI_TEST_DATA) / "gguf" / "llama-rope3" / "model.gguf");
  ASSERT_TRUE(opened.ok());
  file_.emplace(std::move(*opened));
  EXPECT_EQ(load([](GgufMetadata&) {}), "accepted");
  EXPECT_THAT(load([](GgufMetadata& metadata) { metadata.set_text("llama.rope.scaling.type", "linear"); }),
              HasSubstr("rope.scaling.type"));
  EXPECT_THAT(load([](GgufMetadata& metadata) { metadata.set_u32("llama.rope.dimension_count", 8); }),
              HasSubstr("rope_scaling"));
  opened = Gguf::open(Path(MALMOI_TEST_DATA) / "gguf" / "phi3-longrope" / "model.gguf");
  ASSERT_TRUE(opened.ok());
  file_.emplace(std::move(*opened));
  EXPECT_THAT(load([](GgufMetadata&) {}, {}, "rope_factors_short.weight"), HasSubstr("rope_factors_short.weight"));
}

TEST_F(GgufModels, KeysAndValuesOfLatentAttentionThatStandApartFitTogether) {
  open("deepseek2");
  auto nothing = [](GgufMetadata&) {};
  EXPECT_EQ(load(nothing), "accepted");
  for (const char* tensor : {"blk.1.attn_k_b.weight", "blk.1.attn_v_b.weight"}) {
    EXPECT_THAT(load(nothing, {}, tensor), HasSubstr("model.layers.1.self_attn.kv_b_proj.weight"));
    EXPECT_THAT(load(nothing, {}, {}, tensor), HasSubstr("not those of one projection"));
  }
  EXPECT_THAT(load([](GgufMetadata& metadata) { metadata.set_u32("deepseek2.expert_gating_func", 3); }),
              HasSubstr("scoring_func"));
}

TEST_F(GgufModels, ProjectionsOfADeltaNetThatStandApartFitTogether) {
  open("qwen3next");
  auto nothing = [](GgufMetadata&) {};
  EXPECT_EQ(load(nothing), "accepted");
  for (const char* tensor : {"blk.0.attn_qkv.weight", "blk.0.attn_gate.weight"})
    EXPECT_THAT(load(nothing, {}, tensor), HasSubstr("model.layers.0.linear_attn.in_proj_qkvz.weight"));
  EXPECT_THAT(load(nothing, {}, {}, "blk.0.attn_qkv.weight"), HasSubstr("not matrices of one width"));
}

// Of a block of Q4_0 the second byte is the upper one of its scale in f16.
TEST_F(GgufModels, APackedValueThatIsNotFiniteIsNamed) {
  open("llama-q4_0");
  auto nothing = [](GgufMetadata&) {};
  EXPECT_EQ(load(nothing), "accepted");
  const auto block = static_cast<size_t>(block_format(BlockType::Q4_0).bytes);
  damage_ = std::byte{0x7C};
  for (const char* tensor : {"blk.0.attn_q.weight", "blk.1.ffn_down.weight"}) {
    for (size_t at : {0, 3, 127}) {
      damaged_ = tensor, damaged_at_ = at * block + 1;
      EXPECT_THAT(load(nothing), HasSubstr("not finite (element " + std::to_string(32 * at) + ")")) << tensor;
    }
  }
}

TEST_F(GgufModels, LayersForDraftsStandBehindTheOthers) {
  open("exaone-moe");
  auto counts = [](uint32_t layers, uint32_t drafts) {
    return [=](GgufMetadata& metadata) {
      metadata.set_u32("exaone-moe.block_count", layers);
      metadata.set_u32("exaone-moe.nextn_predict_layers", drafts);
    };
  };
  const char* pattern = "exaone-moe.attention.sliding_window_pattern";  // of all three
  EXPECT_EQ(load(counts(3, 1), pattern), "accepted");
  EXPECT_THAT(load(counts(2, 0), pattern), HasSubstr("blk.2."));
}

// The config of a golden whose metadata `change` sets keys over; of its tensors the words alone.
Json changed_config(const std::string& golden, const std::function<void(GgufMetadata&)>& change) {
  auto file = Gguf::open(Path(MALMOI_TEST_DATA) / "gguf" / golden / "model.gguf");
  EXPECT_TRUE(file.ok());
  GgufMetadata metadata;
  for (const auto& [key, value] : file->pairs()) metadata.set(key, value);
  change(metadata);
  const formats::GgufTensor& words = *file->tensor("token_embd.weight");
  Path path = Path(testing::TempDir()) / "malmoi_changed_config.gguf";
  EXPECT_TRUE(formats::write_gguf(path, metadata,
                                  std::vector<formats::GgufTensorSpec>{{words.name, words.type, words.dims}},
                                  [&](size_t, const auto& sink) { return sink(*file->bytes(words)); })
                  .ok());
  auto changed = Gguf::open(path);
  EXPECT_TRUE(changed.ok());
  auto config = config_of(*changed, **family_of(*changed));
  EXPECT_TRUE(config.ok()) << config.error().to_string();
  std::filesystem::remove(path);
  return config->root;
}

TEST(GgufDialects, TheLargestGemmasScaleScoresByTheirWidth) {
  for (auto [golden, layers] : {std::pair{"gemma2", 46}, std::pair{"gemma3", 62}}) {
    auto config_with = [&](int count) {
      return changed_config(golden, [&](GgufMetadata& metadata) {
        metadata.set_u32(std::string(golden) + ".block_count", static_cast<uint32_t>(count));
      });
    };
    EXPECT_EQ(config_with(layers)["query_pre_attn_scalar"], 40 / 4) << golden;  // hidden_size / heads
    EXPECT_EQ(config_with(layers - 1)["query_pre_attn_scalar"], 16) << golden;  // head_dim
  }
}

TEST(GgufDialects, PaddingIsAWordOfTheVocabularyOrNone) {
  auto padding_of = [](uint32_t id) {
    return changed_config("phi3",
                          [&](GgufMetadata& m) { m.set_u32("tokenizer.ggml.padding_token_id", id); })["pad_token_id"];
  };
  EXPECT_EQ(padding_of(255), 255);
  EXPECT_TRUE(padding_of(256).is_null());
}

TEST(GgufDialects, AFamilyIsFoundByItsArchitecture) {
  for (const Family* family : family_table()) {
    if (!family->gguf) continue;
    const GgufDialect& dialect = *family->gguf;
    Path path = Path(testing::TempDir()) / "malmoi_architecture.gguf";
    GgufMetadata metadata;
    metadata.set_text("general.architecture", dialect.architecture);
    if (!dialect.marker.empty())
      metadata.set_u32(std::string(dialect.architecture) + "." + std::string(dialect.marker),
                       std::max(uint32_t{1}, static_cast<uint32_t>(dialect.marker_value)));
    ASSERT_TRUE(formats::write_gguf(path, metadata).ok());
    auto file = Gguf::open(path);
    ASSERT_TRUE(file.ok());
    auto found = family_of(*file);
    ASSERT_TRUE(found.ok()) << found.error().to_string();
    EXPECT_EQ((*found)->model_type, dialect.read_as.empty() ? family->model_type : dialect.read_as);
    std::filesystem::remove(path);
  }
}

}  // namespace
}  // namespace malmoi::model
