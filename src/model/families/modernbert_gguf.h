// ModernBERT in GGUF, for embeddings: without a head.
#pragma once

#include <string>

#include "model/families/layer_types_gguf.h"
#include "model/gguf_dialect.h"

namespace malmoi::model {

inline constexpr GgufField kModernBertGgufFields[] = {{"hidden_size", "embedding_length"},
                                                      {"intermediate_size", "feed_forward_length"},
                                                      {"num_hidden_layers", "block_count"},
                                                      {"num_attention_heads", "attention.head_count"},
                                                      {"max_position_embeddings", "context_length"},
                                                      {"norm_eps", "attention.layer_norm_epsilon"},
                                                      {"local_attention", "attention.sliding_window"},
                                                      {"global_rope_theta", "rope.freq_base"},
                                                      {"local_rope_theta", "rope.freq_base_swa"}};

inline constexpr GgufName kModernBertGgufNames[] = {{"model.", ""},
                                                    {"embeddings.tok_embeddings.", "token_embd."},
                                                    {"embeddings.norm.", "token_embd_norm."},
                                                    {"final_norm.", "output_norm."},
                                                    {"layers.", "blk."},
                                                    {".attn.Wqkv.", ".attn_qkv."},
                                                    {".attn.Wo.", ".attn_output."},
                                                    {".mlp_norm.", ".ffn_norm."},
                                                    {".mlp.Wi.", ".ffn_up."},
                                                    {".mlp.Wo.", ".ffn_down."}};

/// Keys that derive_modernbert() reads, or that say how rows become one.
inline constexpr std::string_view kModernBertGgufInert[] = {
    "attention.causal",        "pooling_type",
    "classifier.pooling_type", "attention.layer_norm_rms_epsilon",
    "hidden_activation",       "attention.sliding_window_pattern"};

inline constexpr int64_t kModernBertGlobalEvery = 3;  // where no key says it

inline void derive_modernbert(Json& config, const formats::Gguf& file) {
  config["hidden_activation"] = file.text_or("modern-bert.hidden_activation", "gelu");
  const std::string pattern = "modern-bert.attention.sliding_window_pattern";  // of each layer, or one number
  if (derive_layer_types(config, file, pattern, "sliding_attention")) return;
  config["global_attn_every_n_layers"] = file.integer_or(pattern, kModernBertGlobalEvery);
}

inline void simplify_modernbert(Json& config) {
  for (const char* of_heads : {"classifier_activation", "classifier_bias", "classifier_pooling", "decoder_bias"})
    config.erase(of_heads);
}

inline Status describe_modernbert(const Json& config, formats::GgufMetadata& metadata) {
  metadata.set_bools("modern-bert.attention.sliding_window_pattern", layer_switches(config, "sliding_attention"));
  metadata.set_bool("modern-bert.attention.causal", false);
  metadata.set_text("modern-bert.hidden_activation", config["hidden_activation"].get<std::string>());
  return {};
}

inline constexpr GgufDialect kModernBertGguf{.architecture = "modern-bert",
                                             .task = Task::kFeatures,
                                             .fields = kModernBertGgufFields,
                                             .names = kModernBertGgufNames,
                                             .inert = kModernBertGgufInert,
                                             .derive = derive_modernbert,
                                             .simplify = simplify_modernbert,
                                             .describe = describe_modernbert};

}  // namespace malmoi::model
