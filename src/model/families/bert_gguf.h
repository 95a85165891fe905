// What GGUF files of BERT and its kin have in common: llama.cpp calls all of them bert.
#pragma once

#include "model/gguf_dialect.h"

namespace malmoi::model {

inline constexpr GgufField kBertGgufFields[] = {
    {"hidden_size", "embedding_length"},           {"intermediate_size", "feed_forward_length"},
    {"num_hidden_layers", "block_count"},          {"num_attention_heads", "attention.head_count"},
    {"max_position_embeddings", "context_length"}, {"layer_norm_eps", "attention.layer_norm_epsilon"}};

inline constexpr GgufName kBertGgufNames[] = {{"bert.", ""},
                                              {"embeddings.word_embeddings.", "token_embd."},
                                              {"embeddings.position_embeddings.", "position_embd."},
                                              {"embeddings.token_type_embeddings.", "token_types."},
                                              {"embeddings.LayerNorm.", "token_embd_norm."},
                                              {"encoder.layer.", "blk."},
                                              {".attention.self.query.", ".attn_q."},
                                              {".attention.self.key.", ".attn_k."},
                                              {".attention.self.value.", ".attn_v."},
                                              {".attention.output.dense.", ".attn_output."},
                                              {".attention.output.LayerNorm.", ".attn_output_norm."},
                                              {".intermediate.dense.", ".ffn_up."},
                                              {".output.dense.", ".ffn_down."},
                                              {".output.LayerNorm.", ".layer_output_norm."}};

/// How rows become one for an embedding no config says: llama.cpp is told by its --pooling.
inline Status describe_bert(const Json& config, formats::GgufMetadata& metadata) {
  metadata.set_bool("bert.attention.causal", false);
  metadata.set_u32("tokenizer.ggml.token_type_count", config["type_vocab_size"].get<uint32_t>());
  return {};
}

}  // namespace malmoi::model
