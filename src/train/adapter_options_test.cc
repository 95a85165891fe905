// `adapter:` and `model.quantize:` as a configuration has them, and what does not go together.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "train/config.h"

namespace malmoi::train {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Result<TrainConfig> read_adapted(const std::string& more, const std::string& model = "{init_from: base}") {
  auto document = parse_config("model: " + model + "\ndata: {format: ids, train: [x]}\nout: y\n" + more, "c.yaml");
  if (!document.ok()) return document.error();
  return parse_train_config(*document);
}

std::string wrong_adapter(const std::string& more, const std::string& model = "{init_from: base}") {
  auto config = read_adapted(more, model);
  return config.ok() ? "accepted" : config.error().to_string();
}

constexpr const char* kOneStep = "train: {steps: 1}\n";

TEST(AdapterOptions, HaveDefaultsAndFollowTheirRank) {
  auto config = read_adapted(std::string(kOneStep) + "adapter: {r: 8}");
  ASSERT_TRUE(config.ok()) << config.error().to_string();
  ASSERT_TRUE(config->adapter);
  EXPECT_EQ(config->adapter->rank, 8);
  EXPECT_EQ(config->adapter->alpha, 8);
  EXPECT_THAT(config->adapter->targets, IsEmpty());
  EXPECT_FALSE(config->adapter->pattern);
  EXPECT_FALSE(config->adapter->magnitudes || config->adapter->rank_stabilised);
  EXPECT_EQ(config->adapter->lora_plus, 1);
  EXPECT_FALSE(config->quantize);
}

TEST(AdapterOptions, AllOfThem) {
  auto config =
      read_adapted(std::string(kOneStep) +
                       "adapter: {type: lora, r: 4, alpha: 2.5, targets: [q_proj, v_proj], rslora: true, dora: true, "
                       "lora_plus: 16, save_whole: [lm_head], new_tokens: [<tool>, </tool>]}",
                   "{init_from: base, quantize: {type: q4_k, skip: [lm_head]}}");
  ASSERT_TRUE(config.ok()) << config.error().to_string();
  EXPECT_EQ(config->adapter->alpha, 2.5);
  EXPECT_THAT(config->adapter->targets, ElementsAre("q_proj", "v_proj"));
  EXPECT_TRUE(config->adapter->magnitudes && config->adapter->rank_stabilised);
  EXPECT_EQ(config->adapter->lora_plus, 16);
  EXPECT_THAT(config->adapter->save_whole, ElementsAre("lm_head"));
  EXPECT_THAT(config->adapter->new_tokens, ElementsAre("<tool>", "</tool>"));
  EXPECT_EQ(config->quantize->type, "q4_k");
  EXPECT_THAT(config->quantize->skip, ElementsAre("lm_head"));
  EXPECT_EQ(read_adapted(std::string(kOneStep) + "adapter: {targets: all-linear}")->adapter->pattern, std::nullopt);
  EXPECT_EQ(read_adapted(std::string(kOneStep) + "adapter: {targets: '.*q_proj'}")->adapter->pattern, ".*q_proj");
}

TEST(AdapterOptions, WhatDoesNotGoTogetherIsNamed) {
  const std::string steps = kOneStep;
  EXPECT_THAT(wrong_adapter(steps + "adapter: {r: 8}", "{architecture: llama, hidden_size: 8}"),
              HasSubstr("init_from"));
  EXPECT_THAT(wrong_adapter("train: {steps: 1, freeze: ['*']}\nadapter: {r: 8}"), HasSubstr("train.freeze"));
  EXPECT_THAT(wrong_adapter(steps + "adapter: {init_from: a, r: 8}"), HasSubstr("stands beside init_from"));
  EXPECT_THAT(wrong_adapter(steps + "adapter: {init_from: a, new_tokens: [x]}"), HasSubstr("stands beside init_from"));
  EXPECT_THAT(wrong_adapter(steps + "adapter: {new_tokens: [x, x]}"), HasSubstr("has 'x' twice"));
  EXPECT_THAT(wrong_adapter(steps + "adapter: {new_tokens: ['']}"), HasSubstr("has an empty token"));
  EXPECT_THAT(wrong_adapter(steps + "adapter: {r: 0}"), HasSubstr("adapter.r"));
  EXPECT_THAT(wrong_adapter(steps + "adapter: {rank: 8}"), HasSubstr("rank"));
  EXPECT_THAT(wrong_adapter(steps + "adapter: {type: lokr}"), HasSubstr("adapter.type"));
  EXPECT_THAT(wrong_adapter(steps + "adapter: {init: pissa, dora: true}"), HasSubstr("adapter.init"));
  EXPECT_THAT(wrong_adapter(steps + "adapter: {init: pissa, alpha: -1}"), HasSubstr("adapter.alpha"));
  EXPECT_EQ(wrong_adapter(steps + "adapter: {init: pissa}"), "accepted");
  EXPECT_THAT(wrong_adapter(steps + "adapter: {targets: []}"), HasSubstr("names nothing"));
  EXPECT_THAT(wrong_adapter(steps, "{init_from: base, quantize: {type: q8_0}}"), HasSubstr("train an adapter"));
  EXPECT_THAT(wrong_adapter(steps + "adapter: {r: 8}", "{init_from: base, quantize: {skip: [lm_head]}}"),
              HasSubstr("quantize.type"));
  EXPECT_EQ(wrong_adapter(steps + "adapter: {init_from: a, lora_plus: 4}"), "accepted");
}

TEST(RoundingOptions, AreReadAndWhatDoesNotGoTogetherIsNamed) {
  const std::string begin = "train: {steps: 9, ", aware = begin + "quantize_aware: ";
  auto config = read_adapted(aware + "{type: q4_0, skip: [lm_head], from_step: 8}}");
  ASSERT_TRUE(config.ok()) << config.error().to_string();
  EXPECT_EQ(config->quantize_aware->type, "q4_0");
  EXPECT_THAT(config->quantize_aware->skip, ElementsAre("lm_head"));
  EXPECT_EQ(config->quantize_aware->from_step, 8);
  EXPECT_EQ(read_adapted(kOneStep)->quantize_aware, std::nullopt);
  EXPECT_THAT(wrong_adapter(aware + "{skip: [lm_head]}}"), HasSubstr("quantize_aware.type"));
  EXPECT_THAT(wrong_adapter(aware + "{type: q5_k}}"), HasSubstr("quantize_aware.type"));
  EXPECT_THAT(wrong_adapter(aware + "{type: q8_0, from_step: 9}}"), HasSubstr("is not one of the 9 steps"));
  EXPECT_THAT(wrong_adapter(aware + "{type: q8_0}}\nadapter: {r: 8}"), HasSubstr("model.quantize packs"));
  EXPECT_THAT(wrong_adapter(begin + "freeze: ['*norm*'], quantize_aware: {type: q8_0}}"), HasSubstr("train.freeze"));
}

}  // namespace
}  // namespace malmoi::train
