// Qwen3-Next in GGUF.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "model/families/layer_types_gguf.h"
#include "model/families/llama_gguf.h"

namespace malmoi::model {

inline constexpr GgufField kQwen3NextGgufFields[] = {
    {"num_experts", "expert_count"},
    {"num_experts_per_tok", "expert_used_count"},
    {"moe_intermediate_size", "expert_feed_forward_length"},
    {"shared_expert_intermediate_size", "expert_shared_feed_forward_length"},
    {"linear_conv_kernel_dim", "ssm.conv_kernel"},
    {"linear_key_head_dim", "ssm.state_size"},
    {"linear_num_key_heads", "ssm.group_count"},
    {"linear_num_value_heads", "ssm.time_step_rank"},
    {"num_nextn_predict_layers", "nextn_predict_layers"}};

inline constexpr GgufName kQwen3NextGgufNames[] = {
    {"model.norm.", "output_norm.", GgufChange::kPlusOne},
    {".input_layernorm.", ".attn_norm.", GgufChange::kPlusOne},
    {".post_attention_layernorm.", ".post_attention_norm.", GgufChange::kPlusOne},
    {".self_attn.q_norm.", ".attn_q_norm.", GgufChange::kPlusOne},
    {".self_attn.k_norm.", ".attn_k_norm.", GgufChange::kPlusOne},
    {".self_attn.q_proj.", ".attn_q.", GgufChange::kPublishedRows},
    {".linear_attn.in_proj_qkvz.", ".ssm_in.", GgufChange::kGateApart},
    {".linear_attn.in_proj_ba.", ".ssm_ba.", GgufChange::kPublishedRows},
    {".linear_attn.conv1d.", ".ssm_conv1d.", GgufChange::kNone, GgufShape::kSqueezed},
    {".linear_attn.A_log", ".ssm_a", GgufChange::kNegativeExp},
    {".linear_attn.dt_bias", ".ssm_dt.bias"},
    {".linear_attn.norm.", ".ssm_norm."},
    {".linear_attn.out_proj.", ".ssm_out."},
    {".mlp.gate.", ".ffn_gate_inp."},
    {".mlp.experts.#.gate_proj.", ".ffn_gate_exps."},
    {".mlp.experts.#.up_proj.", ".ffn_up_exps."},
    {".mlp.experts.#.down_proj.", ".ffn_down_exps."},
    {".mlp.shared_expert.gate_proj.", ".ffn_gate_shexp."},
    {".mlp.shared_expert.up_proj.", ".ffn_up_shexp."},
    {".mlp.shared_expert.down_proj.", ".ffn_down_shexp."},
    {".mlp.shared_expert_gate.", ".ffn_gate_inp_shexp."}};

/// Keys that derive_qwen3_next() reads.
inline constexpr std::string_view kQwen3NextGgufRead[] = {"ssm.inner_size", "attention.recurrent_layers",
                                                          "full_attention_interval"};

// Layers for drafts count among the others there. llama.cpp always makes the weights of a row's experts sum to one.
inline void derive_qwen3_next(Json& config, const formats::Gguf& file) {
  auto number = [&](const char* key, int64_t fallback) {
    return file.integer_or("qwen3next." + std::string(key), fallback);
  };
  const int64_t heads = number("ssm.time_step_rank", 0);
  if (heads > 0) config["linear_value_head_dim"] = number("ssm.inner_size", 0) / heads;
  const int64_t layers = number("block_count", 0) - number("nextn_predict_layers", 0);
  config["num_hidden_layers"] = layers;
  config["norm_topk_prob"] = true;
  config["full_attention_interval"] = number("full_attention_interval", 4);
  derive_layer_types(config, file, "qwen3next.attention.recurrent_layers", "linear_attention", layers);
}

inline Status describe_qwen3_next(const Json& config, formats::GgufMetadata& metadata) {
  auto size = [&](const char* field) { return config[field].get<uint32_t>(); };
  if (size("linear_value_head_dim") != size("linear_key_head_dim"))
    return unsupported("'linear_value_head_dim' and 'linear_key_head_dim' are one size there", "GGUF",
                       "keep the Hugging Face folder");
  metadata.set_u32("qwen3next.ssm.inner_size", size("linear_num_value_heads") * size("linear_value_head_dim"));
  const std::vector<bool> recurrent = layer_switches(config, "linear_attention");
  metadata.set_bools("qwen3next.attention.recurrent_layers", recurrent);
  // For versions that know no list: the first layer that attends.
  const auto interval = std::ranges::find(recurrent, false) - recurrent.begin() + 1;
  metadata.set_u32("qwen3next.full_attention_interval", static_cast<uint32_t>(interval));
  return {};
}

inline constexpr GgufDialect kQwen3NextGguf{.architecture = "qwen3next",
                                            .fields = kQwen3NextGgufFields,
                                            .shared_fields = kLlamaGgufFields,
                                            .names = kQwen3NextGgufNames,
                                            .shared = kLlamaGgufNames,
                                            .inert = kQwen3NextGgufRead,
                                            .derive = derive_qwen3_next,
                                            .describe = describe_qwen3_next};

}  // namespace malmoi::model
