// What GGUF files of Llama's decoder and its kin have in common.
#pragma once

#include "model/gguf_dialect.h"

namespace malmoi::model {

inline constexpr GgufField kLlamaGgufFields[] = {{"hidden_size", "embedding_length"},
                                                 {"intermediate_size", "feed_forward_length"},
                                                 {"num_hidden_layers", "block_count"},
                                                 {"num_attention_heads", "attention.head_count"},
                                                 {"num_key_value_heads", "attention.head_count_kv"},
                                                 {"head_dim", "attention.key_length"},
                                                 {"max_position_embeddings", "context_length"},
                                                 {"rms_norm_eps", "attention.layer_norm_rms_epsilon"},
                                                 {"rope_theta", "rope.freq_base"}};

inline constexpr GgufName kLlamaGgufNames[] = {{"model.embed_tokens.", "token_embd."},
                                               {"model.norm.", "output_norm."},
                                               {"lm_head.", "output."},
                                               {"model.layers.", "blk."},
                                               {".input_layernorm.", ".attn_norm."},
                                               {".post_attention_layernorm.", ".ffn_norm."},
                                               {".self_attn.q_proj.", ".attn_q.", GgufChange::kRotary},
                                               {".self_attn.k_proj.", ".attn_k.", GgufChange::kRotary},
                                               {".self_attn.v_proj.", ".attn_v."},
                                               {".self_attn.o_proj.", ".attn_output."},
                                               {".self_attn.q_norm.", ".attn_q_norm."},
                                               {".self_attn.k_norm.", ".attn_k_norm."},
                                               {".mlp.gate_proj.", ".ffn_gate."},
                                               {".mlp.up_proj.", ".ffn_up."},
                                               {".mlp.down_proj.", ".ffn_down."}};

}  // namespace malmoi::model
