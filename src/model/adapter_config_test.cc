// adapter_config.json: what is read of it, what it means for a module, and what is refused by name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "model/adapter_config.h"
#include "model/test_adapter.h"

namespace malmoi::model {
namespace {

using testing::HasSubstr;

AdapterConfig config_of(const Json& changes) {
  auto config = parse_adapter_config(adapter_json(changes), "adapter_config.json");
  EXPECT_TRUE(config.ok()) << config.error().to_string();
  return config.ok() ? *config : AdapterConfig();
}

TEST(AdapterConfig, RanksAndScalesOfTheFirstPatternThatANameEndsWith) {
  const AdapterConfig config = config_of({{"r", 4},
                                          {"lora_alpha", 6},
                                          {"rank_pattern", {{"layers\\.1\\.q_proj", 2}, {"^model.layers.0.mlp.*", 8}}},
                                          {"alpha_pattern", {{"(k|v)_proj", 16}}}});
  EXPECT_EQ(rank_of(config, "model.layers.1.q_proj"), 2);
  EXPECT_EQ(rank_of(config, "model.layers.11.q_proj"), 4);
  EXPECT_EQ(rank_of(config, "model.layers.0.mlp.up_proj"), 8);
  EXPECT_EQ(rank_of(config, "other.model.layers.0.mlp.up_proj"), 4);  // ^ is the beginning
  const AdapterConfig plain = config_of({{"r", 4}, {"rank_pattern", {{"0.q_proj", 2}}}});
  EXPECT_EQ(rank_of(plain, "layers.0.q_proj"), 2);
  EXPECT_EQ(rank_of(plain, "layers.0xq_proj"), 2);  // a dot is any character
  EXPECT_EQ(rank_of(plain, "layers.10.q_proj"), 4);
  EXPECT_EQ(rank_of(plain, "q_proj"), 4);
  EXPECT_DOUBLE_EQ(scale_of(config, "model.layers.1.q_proj"), 3);
  EXPECT_DOUBLE_EQ(scale_of(config, "model.layers.1.v_proj"), 4);
  EXPECT_DOUBLE_EQ(scale_of(config, "model.layers.1.kv_proj"), 1.5);  // a pattern begins behind a dot
}

TEST(AdapterConfig, RankStabilisedScalesAreByTheRoot) {
  const AdapterConfig config = config_of({{"r", 8}, {"lora_alpha", 4}, {"use_rslora", true}});
  EXPECT_DOUBLE_EQ(scale_of(config, "model.q_proj"), 4 / std::sqrt(8.0));
}

TEST(AdapterConfig, ModulesAreNamedByTheirEndsOrOnePattern) {
  const AdapterConfig by_name =
      config_of({{"target_modules", {"q_proj", "mlp.up_proj"}}, {"exclude_modules", {"1.q_proj"}}});
  EXPECT_TRUE(is_target(by_name, "layers.0.q_proj"));
  EXPECT_FALSE(is_target(by_name, "layers.0.xq_proj"));
  EXPECT_FALSE(is_target(by_name, "layers.1.q_proj"));
  EXPECT_FALSE(is_target(by_name, "layers.1.up_proj"));
  const AdapterConfig by_pattern = config_of({{"target_modules", R"(.*\.(q|k)_proj)"}});
  EXPECT_TRUE(is_target(by_pattern, "layers.0.k_proj"));
  EXPECT_FALSE(is_target(by_pattern, "layers.0.v_proj"));
  EXPECT_FALSE(is_target(by_pattern, "layers.0.k_proj.more"));  // of the whole name
}

TEST(AdapterConfig, LayersAreTheFirstNumbersOfNames) {
  Json fields = {{"target_modules", {"q", "experts.1.up"}}, {"layers_to_transform", {1, 3}}};
  AdapterConfig config = config_of(fields);
  EXPECT_TRUE(is_target(config, "model.layers.3.attn.q"));
  EXPECT_FALSE(is_target(config, "model.layers.2.attn.q"));
  EXPECT_FALSE(is_target(config, "model.layers.2.mlp.experts.1.up"));
  EXPECT_FALSE(is_target(config, "model.q"));
  fields["layers_pattern"] = "blocks";
  config = config_of(fields);
  EXPECT_TRUE(is_target(config, "stages.0.blocks.3.attn.q"));
  EXPECT_FALSE(is_target(config, "model.layers.3.attn.q"));
}

TEST(AdapterConfig, WhatCannotBeHonouredIsRefusedByName) {
  const std::pair<const char*, Json> rows[] = {
      {"'peft_type'", {{"peft_type", "ADALORA"}}},
      {"'r'", {{"r", 0}}},
      {"'r'", {{"r", 2.5}}},
      {"'r'", {{"r", "eight"}}},
      {"'lora_alpha'", {{"lora_alpha", "two"}}},
      {"'rank_pattern.q'", {{"rank_pattern", {{"q", -1}}}}},
      {"rank_pattern", {{"rank_pattern", {{"(q", 2}}}}},
      {"alpha_pattern", {{"alpha_pattern", {{"(?<=q)p", 2}}}}},
      {"target_modules", {{"target_modules", "q("}}},
      {"target_modules", {{"target_modules", std::string(5000, '(')}}},
      {"'target_modules'", {{"target_modules", {1, 2}}}},
      {"'layers_to_transform'", {{"layers_to_transform", {"one"}}}},
      {"'bias'", {{"bias", "some"}}},
      {"'init_lora_weights'", {{"init_lora_weights", "pissa_niter_4"}}},
      {"'lora_bias'", {{"lora_bias", true}}},
      {"'alora_invocation_tokens'", {{"alora_invocation_tokens", {1, 2}}}},
      {"'trainable_token_indices'", {{"trainable_token_indices", {5}}}},
      {"'target_parameters'", {{"target_parameters", {"mlp.experts.gate_up_proj"}}}},
      {"'layer_replication'", {{"layer_replication", {{0, 2}, {1, 3}}}}},
      {"'use_qalora'", {{"use_qalora", true}}},
      {"'next_years_trick'", {{"next_years_trick", 0.5}}},
  };
  for (const auto& [name, changes] : rows) {
    auto config = parse_adapter_config(adapter_json(changes), "adapter_config.json");
    ASSERT_FALSE(config.ok()) << name;
    EXPECT_THAT(config.error().to_string(), HasSubstr(name));
    EXPECT_THAT(config.error().to_string(), HasSubstr("adapter_config.json"));
  }
  EXPECT_FALSE(parse_adapter_config(Json::array(), "adapter_config.json").ok());
}

TEST(AdapterConfig, WhatIsSwitchedOffOrInertIsPassedOver) {
  config_of({{"use_qalora", false},
             {"next_years_trick", nullptr},
             {"another", Json::object()},
             {"qalora_group_size", 16},
             {"lora_dropout", 0.1},
             {"init_lora_weights", "gaussian"},
             {"fan_in_fan_out", true}});
}

TEST(AdapterConfig, NoPatternTakesForEver) {
  const AdapterConfig config = config_of({{"r", 4}, {"rank_pattern", {{"(a|a)*(a|a)*(a|a)*b", 2}}}});
  EXPECT_EQ(rank_of(config, std::string(200, 'a')), 4);
}

}  // namespace
}  // namespace malmoi::model
