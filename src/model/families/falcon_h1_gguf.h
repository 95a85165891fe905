// Falcon-H1 in GGUF: its factors have no keys there, they are multiplied into the weights.
#pragma once

#include <utility>
#include <vector>

#include "model/families/llama_gguf.h"

namespace malmoi::model {

inline constexpr GgufField kFalconH1GgufFields[] = {{"mamba_n_heads", "ssm.time_step_rank"},
                                                    {"mamba_d_state", "ssm.state_size"},
                                                    {"mamba_n_groups", "ssm.group_count"},
                                                    {"mamba_d_conv", "ssm.conv_kernel"},
                                                    {"mamba_d_ssm", "ssm.inner_size"}};

inline constexpr GgufName kFalconH1GgufNames[] = {
    {"model.final_layernorm.", "output_norm."},
    {".pre_ff_layernorm.weight", ".ffn_norm"},
    {".feed_forward.gate_proj.", ".ffn_gate."},
    {".feed_forward.up_proj.", ".ffn_up."},
    {".feed_forward.down_proj.", ".ffn_down."},
    {".mamba.in_proj.", ".ssm_in."},
    {".mamba.out_proj.", ".ssm_out."},
    {".mamba.conv1d.", ".ssm_conv1d.", GgufChange::kNone, GgufShape::kSqueezed},
    {".mamba.norm.", ".ssm_norm.", GgufChange::kNone, GgufShape::kGroups},
    {".mamba.dt_bias", ".ssm_dt.bias"},
    {".mamba.A_log", ".ssm_a", GgufChange::kNegativeExp, GgufShape::kColumn},
    {".mamba.D", ".ssm_d", GgufChange::kNone, GgufShape::kColumn}};

inline constexpr GgufSwitch kFalconH1GgufSwitches[] = {{"mamba_conv_bias", "blk.0.ssm_conv1d.bias"},
                                                       {"mamba_rms_norm", "blk.0.ssm_norm.weight"},
                                                       {"mlp_bias", "blk.0.ffn_up.bias"}};

inline void derive_falcon_h1(Json& config, const formats::Gguf& file) {
  const int64_t inner = file.integer_or("falcon-h1.ssm.inner_size", 0);
  const int64_t heads = file.integer_or("falcon-h1.ssm.time_step_rank", 0);
  if (heads > 0) config["mamba_d_head"] = inner / heads;
  config["mamba_norm_before_gate"] = false;
}

inline void simplify_falcon_h1(Json& config) {
  // A tied head is written once, with the factor of embeddings: where it has another one, that stays to be refused.
  const bool as_embeddings = config["lm_head_multiplier"] == config["embedding_multiplier"];
  if (as_embeddings || config["tie_word_embeddings"] == false) config["lm_head_multiplier"] = 1.0;
  for (const char* key : {"embedding_multiplier", "attention_in_multiplier", "attention_out_multiplier",
                          "key_multiplier", "ssm_in_multiplier", "ssm_out_multiplier"})
    config[key] = 1.0;
  for (const char* key : {"mlp_multipliers", "ssm_multipliers"})
    config[key] = std::vector<double>(config[key].size(), 1.0);
  if (config["mamba_rms_norm"] == false) config["mamba_norm_before_gate"] = false;
  config.erase("mamba_expand");  // mamba_d_ssm says what follows from it
}

// The factor on each row of what goes in: those of z, x, B, C and dt.
inline std::vector<double> falcon_h1_row_factors(const Json& config) {
  auto size = [&](const char* key) { return config[key].get<size_t>(); };
  const size_t inner = size("mamba_d_ssm"), states = size("mamba_n_groups") * size("mamba_d_state");
  const size_t rows[] = {inner, inner, states, states, size("mamba_n_heads")};
  std::vector<double> factors;
  for (size_t i = 0; i < std::size(rows); ++i)
    factors.insert(factors.end(), rows[i],
                   config["ssm_multipliers"][i].get<double>() * config["ssm_in_multiplier"].get<double>());
  return factors;
}

inline void fold_falcon_h1(const Json& config, std::string_view name, std::span<float> values) {
  if (name.find(".mamba.in_proj.") != name.npos) {
    const std::vector<double> factors = falcon_h1_row_factors(config);
    const size_t columns = values.size() / factors.size();
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(values[i] * factors[i / columns]);
    return;
  }
  const double attention_in = config["attention_in_multiplier"].get<double>();
  const std::pair<std::string_view, double> factors[] = {
      {"embed_tokens.", config["embedding_multiplier"].get<double>()},
      {"lm_head.", config["lm_head_multiplier"].get<double>()},
      {".q_proj.", attention_in},
      {".k_proj.", attention_in * config["key_multiplier"].get<double>()},
      {".v_proj.", attention_in},
      {".o_proj.", config["attention_out_multiplier"].get<double>()},
      {".mamba.out_proj.", config["ssm_out_multiplier"].get<double>()},
      {".gate_proj.", config["mlp_multipliers"][0].get<double>()},
      {".down_proj.", config["mlp_multipliers"][1].get<double>()}};
  for (const auto& [part, factor] : factors) {
    if (name.find(part) == name.npos) continue;
    for (float& value : values) value = static_cast<float>(value * factor);
  }
}

inline constexpr GgufDialect kFalconH1Gguf{.architecture = "falcon-h1",
                                           .fields = kFalconH1GgufFields,
                                           .shared_fields = kLlamaGgufFields,
                                           .switches = kFalconH1GgufSwitches,
                                           .names = kFalconH1GgufNames,
                                           .shared = kLlamaGgufNames,
                                           .derive = derive_falcon_h1,
                                           .simplify = simplify_falcon_h1,
                                           .fold = fold_falcon_h1};

}  // namespace malmoi::model
