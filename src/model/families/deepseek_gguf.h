// What GGUF files of DeepSeek-V2 and V3 have in common: llama.cpp calls both deepseek2.
#pragma once

#include <cmath>
#include <string>

#include "base/json_read.h"
#include "model/families/experts_gguf.h"
#include "model/families/llama_gguf.h"

namespace malmoi::model {

inline constexpr GgufField kDeepseekGgufFields[] = {{"hidden_size", "embedding_length"},
                                                    {"intermediate_size", "feed_forward_length"},
                                                    {"num_hidden_layers", "block_count"},
                                                    {"num_attention_heads", "attention.head_count"},
                                                    {"max_position_embeddings", "context_length"},
                                                    {"rms_norm_eps", "attention.layer_norm_rms_epsilon"},
                                                    {"rope_theta", "rope.freq_base"},
                                                    {"q_lora_rank", "attention.q_lora_rank"},
                                                    {"kv_lora_rank", "attention.kv_lora_rank"},
                                                    {"qk_rope_head_dim", "rope.dimension_count"},
                                                    {"first_k_dense_replace", "leading_dense_block_count"},
                                                    {"moe_intermediate_size", "expert_feed_forward_length"},
                                                    {"n_routed_experts", "expert_count"},
                                                    {"n_shared_experts", "expert_shared_count"},
                                                    {"num_experts_per_tok", "expert_used_count"},
                                                    {"n_group", "expert_group_count"},
                                                    {"topk_group", "expert_group_used_count"},
                                                    {"routed_scaling_factor", "expert_weights_scale"},
                                                    {"norm_topk_prob", "expert_weights_norm"}};

inline constexpr GgufName kDeepseekGgufNames[] = {{".self_attn.q_a_proj.", ".attn_q_a."},
                                                  {".self_attn.q_a_layernorm.", ".attn_q_a_norm."},
                                                  {".self_attn.q_b_proj.", ".attn_q_b."},
                                                  {".self_attn.kv_a_proj_with_mqa.", ".attn_kv_a_mqa."},
                                                  {".self_attn.kv_a_layernorm.", ".attn_kv_a_norm."},
                                                  {".self_attn.kv_b_proj.", ".attn_kv_b.", GgufChange::kKeysApart},
                                                  {".mlp.gate.e_score_correction_bias", ".exp_probs_b.bias"},
                                                  {".mlp.gate.", ".ffn_gate_inp."},
                                                  {".mlp.experts.#.gate_proj.", ".ffn_gate_exps."},
                                                  {".mlp.experts.#.up_proj.", ".ffn_up_exps."},
                                                  {".mlp.experts.#.down_proj.", ".ffn_down_exps."},
                                                  {".mlp.shared_experts.gate_proj.", ".ffn_gate_shexp."},
                                                  {".mlp.shared_experts.up_proj.", ".ffn_up_shexp."},
                                                  {".mlp.shared_experts.down_proj.", ".ffn_down_shexp."}};

/// Keys that derive_deepseek() reads, or that follow from others.
inline constexpr std::string_view kDeepseekGgufRead[] = {
    "attention.head_count_kv", "attention.key_length_mla", "attention.value_length_mla",
    "attention.value_length",  "expert_gating_func",       "rope.scaling.yarn_log_multiplier"};

inline void derive_deepseek(Json& config, const formats::Gguf& file) {
  auto number = [&](const char* key, int64_t fallback) {
    return file.integer_or("deepseek2." + std::string(key), fallback);
  };
  // Newer files have the widths of heads apart from those of what is kept.
  int64_t key = number("attention.key_length_mla", number("attention.key_length", 0));
  config["qk_nope_head_dim"] = key - number("rope.dimension_count", 0);
  config["v_head_dim"] = number("attention.value_length_mla", number("attention.value_length", 0));
  config["num_key_value_heads"] = config["num_attention_heads"];
  config.erase("partial_rotary_factor");  // what is rotated is a part by itself
  for (const char* field : {"q_lora_rank", "n_routed_experts", "n_shared_experts"}) {
    if (!config.contains(field) || config[field] == 0) config[field] = nullptr;  // absent, not as in the largest model
  }
  if (!config.contains("norm_topk_prob")) config["norm_topk_prob"] = false;
  if (!config.contains("routed_scaling_factor")) config["routed_scaling_factor"] = 1.0;
  // 0.1 times mscale_all_dim, which is mscale, too; f32 in the file.
  const formats::GgufValue* multiplier = file.find("deepseek2.rope.scaling.yarn_log_multiplier");
  if (!multiplier || !config.contains("rope_scaling")) return;
  double mscale = std::round(multiplier->number().value_or(0) * 1e7) / 1e6;
  config["rope_scaling"]["mscale"] = config["rope_scaling"]["mscale_all_dim"] = mscale;
}

inline constexpr std::string_view kDeepseekRopeFields[] = {"mscale", "mscale_all_dim"};

/// The sizes of what is kept (one row for all heads: the latent and what is rotated), and of a head's keys and values.
inline Status describe_deepseek(const Json& config, formats::GgufMetadata& metadata) {
  auto size = [&](const char* field) { return config[field].get<uint32_t>(); };
  auto put = [&](const char* key, uint32_t value) { metadata.set_u32("deepseek2." + std::string(key), value); };
  put("attention.head_count_kv", 1);
  put("attention.key_length", size("kv_lora_rank") + size("qk_rope_head_dim"));
  put("attention.value_length", size("kv_lora_rank"));
  put("attention.key_length_mla", size("qk_nope_head_dim") + size("qk_rope_head_dim"));
  put("attention.value_length_mla", size("v_head_dim"));
  put("rope.dimension_count", size("qk_rope_head_dim"));
  put("expert_gating_func", config["scoring_func"] == "sigmoid" ? kGgufSigmoid : kGgufSoftmax);
  for (const char* rope : {"rope_scaling", "rope_parameters"}) {
    const Json& scaling = json_object(config, rope);
    const auto one = json_number(scaling, "mscale"), all = json_number(scaling, "mscale_all_dim");
    if (!all) continue;
    if (one != all)
      return unsupported("the fields 'mscale' and 'mscale_all_dim' of a rotary scaling have one key there", "GGUF",
                         "keep the Hugging Face folder");
    metadata.set_f32("deepseek2.rope.scaling.yarn_log_multiplier", static_cast<float>(0.1 * *all));
  }
  return {};
}

/// The dialect of both. `scores`: the number by which a family's files are told from the other's; 0: by none.
constexpr GgufDialect deepseek_gguf(void (*derive)(Json& config, const formats::Gguf& file), int64_t scores = 0) {
  return {.architecture = "deepseek2",
          .marker = scores != 0 ? std::string_view("expert_gating_func") : std::string_view(),
          .marker_value = scores,
          .fields = kDeepseekGgufFields,
          .names = kDeepseekGgufNames,
          .shared = kLlamaGgufNames,
          .inert = kDeepseekGgufRead,
          .derive = derive,
          .describe = describe_deepseek,
          .rope_fields = kDeepseekRopeFields};
}

}  // namespace malmoi::model
