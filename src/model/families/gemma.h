// What the generations of Gemma have in common: how their configs are read, and how llama.cpp spells them.
#pragma once

#include "model/families/llama.h"
#include "model/gguf_dialect.h"

namespace malmoi::model {

/// The fields of all of them: norms that store weight - 1, words scaled by the root of the width.
LlamaConfig read_gemma_fields(ConfigFields& fields, const LlamaDefaults& defaults);
/// From Gemma 2 on: norms before and behind each part, soft caps, a scale of scores. The caps are those of a config that
/// leaves them out; 0: none.
LlamaConfig read_gemma2_fields(ConfigFields& fields, LlamaDefaults defaults, double attention_softcap,
                               double logit_softcap);
/// The model with four norms a layer; a config that was refused gives empty parts.
Parts make_gemma2_parts(ConfigFields& fields, const LlamaConfig& config);

/// What no key says: the model of so many layers, the largest of its generation, divides scores by the root of
/// hidden_size / heads, all others by that of head_dim.
void set_query_scale(Json& config, const formats::Gguf& file, const std::string& architecture,
                     int64_t layers_of_largest);

inline constexpr GgufName kGemma2GgufNames[] = {
    {"model.norm.", "output_norm.", GgufChange::kPlusOne},
    {".input_layernorm.", ".attn_norm.", GgufChange::kPlusOne},
    {".post_attention_layernorm.", ".post_attention_norm.", GgufChange::kPlusOne},
    {".pre_feedforward_layernorm.", ".ffn_norm.", GgufChange::kPlusOne},
    {".post_feedforward_layernorm.", ".post_ffw_norm.", GgufChange::kPlusOne},
    {".self_attn.q_norm.", ".attn_q_norm.", GgufChange::kPlusOne},
    {".self_attn.k_norm.", ".attn_k_norm.", GgufChange::kPlusOne}};

}  // namespace malmoi::model
