// Frozen models packed in memory: which matrices, and that their values are those of the type.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "autograd/block_weight.h"
#include "model/load.h"
#include "model/weight_rows.h"
#include "quantize/served_weights.h"

namespace malmoi::quantize {
namespace {

using testing::HasSubstr;

std::unique_ptr<model::Model> frozen() {
  auto model = model::load_model(Path(MALMOI_TEST_DATA) / "models" / "llama-gqa-rope3", {});
  EXPECT_TRUE(model.ok()) << model.error().to_string();
  return std::move(*model);
}

bool is_packed(const nn::ParameterSet::Entry& entry) {
  return !entry.slots.empty() && dynamic_cast<const autograd::BlockWeight*>(&**entry.slots[0]);
}

std::string refusal_of_packer(const PackOptions& options) {
  auto model = frozen();
  auto packer = FrozenPacker::make(*model, options, "model.quantize");
  return packer.ok() ? "accepted" : packer.error().to_string();
}

TEST(FrozenPacker, PacksEveryMatrixThatIsNotSkipped) {
  auto model = frozen(), dense = frozen();
  auto packer = FrozenPacker::make(*model, {.type = "q8_0", .skip = {"model.embed_tokens"}}, "model.quantize");
  ASSERT_TRUE(packer.ok()) << packer.error().to_string();
  for (auto& entry : model->parameters.entries()) ASSERT_TRUE(packer->pack(*entry).ok());
  EXPECT_GT(packer->done().matrices, 0);
  for (size_t i = 0; i < model->parameters.entries().size(); ++i) {
    const nn::ParameterSet::Entry &entry = *model->parameters.entries()[i], &before = *dense->parameters.entries()[i];
    const bool skipped = entry.spec.role == nn::Role::kEmbedding;
    EXPECT_EQ(is_packed(entry), !entry.slots.empty() && !skipped) << entry.spec.name;
    if (!is_packed(entry)) continue;
    EXPECT_FALSE(entry.parameter.compute) << entry.spec.name << " stands there twice";
    Tensor values = Tensor::zeros(DType::kF32, entry.spec.shape);
    model::write_rows(**entry.slots[0], values);
    const float* from = before.parameter.compute.as<float>();
    float largest = 0, apart = 0;
    for (int64_t j = 0; j < values.elements(); ++j) {
      largest = std::max(largest, std::abs(from[j]));
      apart = std::max(apart, std::abs(from[j] - values.as<float>()[j]));
    }
    EXPECT_LT(apart, largest / 127) << entry.spec.name;
    EXPECT_GT(apart, 0) << entry.spec.name;
  }
}

TEST(FrozenPacker, DescribesWhatItWillPack) {
  for (const char* type : {"q4_0", "nf4"}) {
    SCOPED_TRACE(type);
    auto model = frozen(), described = frozen();
    auto packer = FrozenPacker::make(*model, {.type = type}, "model.quantize"),
         planner = FrozenPacker::make(*described, {.type = type}, "model.quantize");
    ASSERT_TRUE(packer.ok() && planner.ok());
    for (auto& entry : model->parameters.entries()) ASSERT_TRUE(packer->pack(*entry).ok());
    EXPECT_GT(packer->done().matrices, 0);
    planner->describe();
    for (size_t i = 0; i < model->parameters.entries().size(); ++i) {
      const auto &packed = *model->parameters.entries()[i], &planned = *described->parameters.entries()[i];
      EXPECT_EQ(is_packed(packed), is_packed(planned)) << packed.spec.name;
      EXPECT_EQ(packed.bytes(), planned.bytes()) << packed.spec.name;
    }
  }
}

TEST(FrozenPacker, ValuesThatScalesDoNotHoldAreRefused) {
  for (const char* type : {"q8_0", "nf4"}) {
    auto model = frozen();
    auto& entry =
        **std::ranges::find_if(model->parameters.entries(), [](const auto& e) { return e->slots.size() == 1; });
    Tensor large = Tensor::zeros(DType::kF32, entry.spec.shape);
    large.as<float>()[5] = -1e6f;  // above the largest f16, but not 127 times it
    entry.parameter.compute = std::move(large);
    auto packer = FrozenPacker::make(*model, {.type = type}, "model.quantize");
    ASSERT_TRUE(packer.ok());
    const Status done = packer->pack(entry);
    ASSERT_EQ(done.ok(), type == std::string_view("q8_0"));
    if (done.ok()) continue;
    EXPECT_THAT(done.error().to_string(), HasSubstr("too large for the scales of NF4"));
    EXPECT_THAT(done.error().to_string(), HasSubstr(entry.spec.name));
  }
}

TEST(FrozenPacker, RowsThatDoNotFillBlocksStayAsTheyAre) {
  auto model = frozen();
  auto packer = FrozenPacker::make(*model, {.type = "q4_k"}, "model.quantize");  // of 256, the model is 64 wide
  ASSERT_TRUE(packer.ok());
  for (auto& entry : model->parameters.entries()) ASSERT_TRUE(packer->pack(*entry).ok());
  EXPECT_EQ(packer->done().matrices, 0);
}

TEST(FrozenPacker, WhatDoesNotFitIsNamed) {
  EXPECT_EQ(refusal_of_packer({.type = "q8_0", .skip = {"lm_head"}}), "accepted") << "the head is tied";
  EXPECT_EQ(refusal_of_packer({.type = "q8_0", .skip = {"q_proj", "k_proj", "v_proj"}}), "accepted");
  EXPECT_THAT(refusal_of_packer({.type = "q8_0", .skip = {"q_proj"}}), HasSubstr("one matrix"));
  EXPECT_THAT(refusal_of_packer({.type = "q8_0", .skip = {"words"}}), HasSubstr("model.quantize.skip"));
  EXPECT_THAT(refusal_of_packer({.type = "f16"}), HasSubstr("model.quantize.type"));
}

}  // namespace
}  // namespace malmoi::quantize
