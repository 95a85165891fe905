// What T5 and mT5 share: everything but what a config has where it says nothing, and whether outputs are scaled.
#pragma once

#include "model/family.h"

namespace malmoi::model {

struct T5Defaults {
  int64_t vocab_size = 32128, d_ff = 2048, num_layers = 6, num_heads = 8;
  const char* feed_forward_proj = "relu";
  bool tied = true;    // the head to the table of words
  bool scales = true;  // whether it knows outputs that are scaled by 1 / sqrt(d_model)
  std::string_view encoder_class = "T5EncoderModel";
};

/// Reads the config and makes the model.
Parts make_t5(ConfigFields& fields, Task task, const T5Defaults& defaults);

/// The table of words is stored again for each side by some versions; the first decoder's bias of distances to the memory is
/// in old files and was never used.
inline constexpr std::string_view kT5Buffers[] = {
    "encoder.embed_tokens.weight", "decoder.embed_tokens.weight",
    "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"};
inline constexpr Family::Alias kT5Aliases[] = {{"shared.weight", "encoder.embed_tokens.weight"},
                                               {"shared.weight", "decoder.embed_tokens.weight"}};
inline constexpr std::string_view kT5Inert[] = {
    "n_positions", "max_position_embeddings", "output_past", "classifier_dropout", "dense_act_fn", "is_gated_act"};
inline constexpr std::string_view kT5Heads[] = {"lm_head."};

}  // namespace malmoi::model
