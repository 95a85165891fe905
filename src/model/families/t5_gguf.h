// What GGUF files of T5 and mT5 have in common: llama.cpp calls both t5.
#pragma once

#include "model/gguf_dialect.h"

namespace malmoi::model {

inline constexpr GgufField kT5GgufFields[] = {{"d_model", "embedding_length"},
                                              {"d_ff", "feed_forward_length"},
                                              {"num_layers", "block_count"},
                                              {"num_decoder_layers", "decoder_block_count"},
                                              {"num_heads", "attention.head_count"},
                                              {"d_kv", "attention.key_length"},
                                              {"layer_norm_epsilon", "attention.layer_norm_rms_epsilon"},
                                              {"relative_attention_num_buckets", "attention.relative_buckets_count"},
                                              {"decoder_start_token_id", "decoder_start_token_id"}};

inline constexpr GgufName kT5GgufNames[] = {{"shared.", "token_embd."},
                                            {"encoder.final_layer_norm.", "enc.output_norm."},
                                            {"decoder.final_layer_norm.", "dec.output_norm."},
                                            {"lm_head.", "output."},
                                            {"encoder.block.*.layer.1.layer_norm.", "enc.blk.*.ffn_norm."},
                                            {"decoder.block.*.layer.1.layer_norm.", "dec.blk.*.cross_attn_norm."},
                                            {"decoder.block.*.layer.2.layer_norm.", "dec.blk.*.ffn_norm."},
                                            {"encoder.block.", "enc.blk."},
                                            {"decoder.block.", "dec.blk."},
                                            {".layer.0.layer_norm.", ".attn_norm."},
                                            {".layer.0.SelfAttention.relative_attention_bias.", ".attn_rel_b."},
                                            {".layer.0.SelfAttention.", ".attn_"},
                                            {".layer.1.EncDecAttention.", ".cross_attn_"},
                                            {".layer.1.DenseReluDense.", "."},
                                            {".layer.2.DenseReluDense.", "."},
                                            {".wi_0.", ".ffn_gate."},
                                            {".wi_1.", ".ffn_up."},
                                            {".wi.", ".ffn_up."},
                                            {".wo.", ".ffn_down."}};

/// Keys that follow from others, or that say what T5 has not.
inline constexpr std::string_view kT5GgufInert[] = {"context_length", "attention.layer_norm_epsilon"};

// The first T5 has no gates; its head is the table of words, by which its outputs are scaled down.
inline void derive_t5(Json& config, const formats::Gguf& file) {
  config["feed_forward_proj"] = file.tensor("enc.blk.0.ffn_gate.weight") ? "gated-gelu" : "relu";
  const bool tied = file.tensor("output.weight") == nullptr;
  config["tie_word_embeddings"] = config["scale_decoder_outputs"] = tied;
  if (config.contains("decoder_start_token_id"))
    config["pad_token_id"] =
        file.integer_or("tokenizer.ggml.padding_token_id", config["decoder_start_token_id"].get<int64_t>());
}

inline Status describe_t5(const Json& config, formats::GgufMetadata& metadata) {
  constexpr uint32_t kContext = 512;  // llama.cpp asks for a length; distances have none
  metadata.set_u32("t5.context_length", kContext);
  metadata.set_u32("t5.attention.value_length", config["d_kv"].get<uint32_t>());
  metadata.set_f32("t5.attention.layer_norm_epsilon", config["layer_norm_epsilon"].get<float>());
  return {};
}

}  // namespace malmoi::model
