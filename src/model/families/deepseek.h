// The config that DeepSeek-V2 and V3 share, how it is read, and the decoder that both are: latent attention, and from some layer
// on experts beside a part that all rows go through.
#pragma once

#include <memory>
#include <vector>

#include "model/families/lm_head.h"
#include "model/families/llama.h"
#include "nn/experts.h"
#include "nn/latent_attention.h"

namespace malmoi::model {

struct DeepseekConfig {
  int64_t vocab_size = 0, hidden_size = 0, intermediate_size = 0, num_hidden_layers = 0, max_position_embeddings = 0;
  double rms_norm_eps = 1e-6, initializer_range = 0.02;
  kernels::Activation hidden_act = kernels::Activation::kSilu;
  bool tie_word_embeddings = false, mlp_bias = false;
  int32_t pad_token_id = -1;  // its row takes no gradient from look-ups
  nn::RotaryConfig rotary;    // of the part of keys that all heads share
  nn::LatentAttentionSpec attention;
  nn::ExpertsSpec experts;  // experts 0: none in any layer
  int64_t first_k_dense_replace = 0, moe_layer_freq = 1;
  double aux_loss_alpha = 0;

  bool has_experts(int64_t layer) const {
    return experts.experts > 0 && layer >= first_k_dense_replace && layer % moe_layer_freq == 0;
  }
};

/// Published sizes of a family, where a config leaves them out.
struct DeepseekDefaults {
  int64_t vocab_size, hidden_size, intermediate_size, num_hidden_layers, num_attention_heads, max_position_embeddings;
  int64_t n_routed_experts, n_shared_experts, num_experts_per_tok, moe_intermediate_size, first_k_dense_replace;
  int64_t n_group = 0, topk_group = 0;
  double routed_scaling_factor = 1;
  bool norm_topk_prob = false;
};

/// All fields but how rows choose their experts: scores, groups as `topk_method` has them, and what is added for choosing.
DeepseekConfig read_deepseek_fields(ConfigFields& fields, const DeepseekDefaults& defaults);
/// The number of experts' groups and of those that a row may choose from; both are read, whether they are used or not.
void read_groups(ConfigFields& fields, DeepseekConfig& config, const DeepseekDefaults& defaults, bool used);
/// A config that was refused gives empty parts.
Parts make_deepseek_parts(ConfigFields& fields, const DeepseekConfig& config);

/// Fields of published configs that change no number of a forward pass, and none of training here.
inline constexpr std::string_view kDeepseekInert[] = {"pretraining_tp", "ep_size",     "seq_aux",
                                                      "head_dim",       "qk_head_dim", "output_router_logits"};

}  // namespace malmoi::model
