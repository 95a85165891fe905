// The decoder of Llama and its kin: rotary positions, grouped queries; norms and feed-forward part as its block has them.
#pragma once

#include <memory>
#include <type_traits>
#include <vector>

#include "model/families/llama.h"
#include "model/families/lm_head.h"
#include "model/score_head.h"
#include "nn/blocks.h"

namespace malmoi::model {

/// `Block` is one of nn/blocks.h with norms of attention and of the feed-forward part, which `make_mlp(declare / "layers.<i>")`
/// makes, or make_mlp with i behind.
template <typename Block>
class LlamaDecoder final : public Backbone {
 public:
  template <typename MakeMlp>
  LlamaDecoder(nn::ParameterSet& set, const LlamaConfig& c, const MakeMlp& make_mlp)
      : config_(c), rotary_(c.rotary), windowed_rotary_(c.windowed_rotary.value_or(c.rotary)) {
    nn::Declare model(set, "model", c.initializer_range);
    embed_tokens_ = nn::embedding(model / "embed_tokens", {c.vocab_size, c.hidden_size});
    for (int64_t i = 0; i < c.num_hidden_layers; ++i) {
      nn::Declare layer = model / "layers" / i;
      layers_.push_back(make_block(layer, i));
      if constexpr (std::is_invocable_v<const MakeMlp&, const nn::Declare&, int64_t>)
        layers_.back().mlp = make_mlp(layer, i);
      else layers_.back().mlp = make_mlp(layer);
    }
    norm_ = make_norm(model / "norm", kParallel ? 0 : c.mlp_dropout);
  }

  Var forward(Context& context, const nn::Batch& batch) const override {
    rotary_.prepare(batch.max_position);
    if (config_.windowed_rotary) windowed_rotary_.prepare(batch.max_position);
    Var words = autograd::embedding(context, {{&**embed_tokens_, batch.ids.data(), config_.pad_token_id}},
                                    {.rows = batch.rows(),
                                     .scale = static_cast<float>(config_.embedding_scale),
                                     .dropout = static_cast<float>(config_.embedding_dropout)});
    autograd::BlockIo io{std::move(words)};  // [rows, hidden_size]
    for (int64_t i = 0; i < config_.num_hidden_layers; ++i)
      io = autograd::block<&LlamaDecoder::layer>(context, *this, i, batch, std::move(io));
    return norm_(context, std::move(io.x), std::move(io.delta)).normed;
  }

  std::vector<nn::LayerState> states() const override {
    std::vector<nn::LayerState> states;
    int64_t width = config_.num_key_value_heads * config_.head_dim;
    for (int64_t window : config_.window)
      states.push_back({.kind = window > 0 ? nn::StateKind::kWindowKeys : nn::StateKind::kPagedKeys,
                        .key_width = width,
                        .value_width = width,
                        .window = window});
    return states;
  }

  nn::WeightSlot* embed_tokens() const { return embed_tokens_; }

 private:
  // Its parts are added to the stream together, and each drops its own share before.
  static constexpr bool kParallel = requires(Block block) { block.mlp_dropout; };

  autograd::BlockIo layer(Context& context, int64_t index, const nn::Batch& batch, autograd::BlockIo io) const {
    return layers_[static_cast<size_t>(index)](context, batch, index, std::move(io));
  }

  // `dropout`: of what the part before it adds to the stream.
  nn::Norm make_norm(const nn::Declare& declare, double dropout) const {
    return nn::norm(declare, {.width = config_.hidden_size,
                              .layer = config_.layer_norm,
                              .eps = config_.rms_norm_eps,
                              .bias = config_.layer_norm,
                              .weight_offset = config_.norm_offset,
                              .dropout = dropout,
                              .delta_scale = config_.residual_scale});
  }

  // Null: the layer's queries and keys are not rotated.
  nn::Rotary* rotary_of(int64_t layer) {
    auto i = static_cast<size_t>(layer);
    if (!config_.rotated.empty() && !config_.rotated[i]) return nullptr;
    return config_.windowed_rotary && config_.window[i] > 0 ? &windowed_rotary_ : &rotary_;
  }

  // All but the feed-forward part.
  Block make_block(const nn::Declare& layer, int64_t index) {
    const LlamaConfig& c = config_;
    Block block;
    block.attention_norm = make_norm(layer / c.attention_norm, kParallel ? 0 : c.mlp_dropout);
    block.attention = nn::SelfAttention(layer / "self_attn", {.width = c.hidden_size,
                                                              .heads = c.num_attention_heads,
                                                              .kv_heads = c.num_key_value_heads,
                                                              .head_dim = c.head_dim,
                                                              .scale = c.attention_scale,
                                                              .softcap = c.attention_softcap,
                                                              .dropout = c.attention_dropout,
                                                              .mask = {.window = c.window[static_cast<size_t>(index)]},
                                                              .bias = c.qkv_bias,
                                                              .out_bias = c.out_bias,
                                                              .names = c.attention_names,
                                                              .rotary = rotary_of(index),
                                                              .qk_norm = c.qk_norm,
                                                              .qk_norm_layer = c.layer_norm,
                                                              .qk_norm_eps = c.rms_norm_eps,
                                                              .qk_norm_offset = c.norm_offset});
    if (c.mlp_norm) block.mlp_norm = make_norm(layer / c.mlp_norm, c.attention_out_dropout);
    if constexpr (kParallel) block.mlp_dropout = c.mlp_dropout;
    if constexpr (requires { block.mlp_post_norm; }) {
      block.attention_post_norm = make_norm(layer / c.attention_post_norm, 0);
      block.mlp_post_norm = make_norm(layer / c.mlp_post_norm, 0);
    }
    return block;
  }

  LlamaConfig config_;
  mutable nn::Rotary rotary_, windowed_rotary_;
  nn::WeightSlot* embed_tokens_ = nullptr;
  std::vector<Block> layers_;
  nn::Norm norm_;
};

/// The gated MLP that most of them have.
inline nn::GatedMlp make_gated_mlp(const nn::Declare& layer, const LlamaConfig& c) {
  return nn::gated_mlp(layer / "mlp", {.width = c.hidden_size,
                                       .inner = c.intermediate_size,
                                       .activation = c.hidden_act,
                                       .bias = c.mlp_bias,
                                       .fused = c.gate_up});
}

/// The head of a decoder: of words, a matrix of its own or their table; of labels where there are any.
inline void add_decoder_head(Parts& parts, const LlamaConfig& c, nn::WeightSlot* words) {
  if (c.labels > 0) return add_score_head(parts, c.labels, c.pad_token_id, c.initializer_range);
  add_lm_head(parts, words, c.tie_word_embeddings, "lm_head", c.initializer_range);
  parts.head->logit_scale = static_cast<float>(c.logit_scale);
  parts.head->softcap = static_cast<float>(c.logit_softcap);
}

/// The model around a decoder.
template <typename Block, typename MakeMlp>
Parts make_decoder_parts(const LlamaConfig& c, const MakeMlp& make_mlp) {
  Parts parts;
  auto backbone = std::make_unique<LlamaDecoder<Block>>(parts.parameters, c, make_mlp);
  parts.sizes = {c.vocab_size, c.hidden_size, c.num_hidden_layers, c.max_position_embeddings};
  parts.sizes.switch_length = c.rotary.switch_length();
  add_decoder_head(parts, c, backbone->embed_tokens());
  parts.backbone = std::move(backbone);
  return parts;
}

}  // namespace malmoi::model
