#include "model/families/deepseek.h"

#include <algorithm>
#include <cmath>

namespace malmoi::model {
namespace {

/// Layer by layer, norm before each part; the feed-forward part is one, or experts.
class DeepseekDecoder final : public Backbone {
 public:
  DeepseekDecoder(nn::ParameterSet& set, const DeepseekConfig& c) : config_(c), rotary_(c.rotary) {
    nn::Declare model(set, "model", c.initializer_range);
    embed_tokens_ = nn::embedding(model / "embed_tokens", {c.vocab_size, c.hidden_size});
    config_.attention.rotary = &rotary_;
    for (int64_t i = 0; i < c.num_hidden_layers; ++i) {
      nn::Declare declare = model / "layers" / i;
      Layer& layer = layers_.emplace_back();
      layer.attention_norm = make_norm(declare / "input_layernorm");
      layer.attention = nn::LatentAttention(declare / "self_attn", config_.attention);
      layer.mlp_norm = make_norm(declare / "post_attention_layernorm");
      layer.has_experts = c.has_experts(i);
      if (layer.has_experts) layer.experts = nn::Experts(declare / "mlp", c.experts);
      else
        layer.mlp = nn::gated_mlp(
            declare / "mlp",
            {.width = c.hidden_size, .inner = c.intermediate_size, .activation = c.hidden_act, .bias = c.mlp_bias});
    }
    norm_ = make_norm(model / "norm");
  }

  Var forward(Context& context, const nn::Batch& batch) const override {
    rotary_.prepare(batch.max_position);
    autograd::BlockIo io{autograd::embedding(context, {{&**embed_tokens_, batch.ids.data(), config_.pad_token_id}},
                                             {.rows = batch.rows()})};  // [rows, hidden_size]
    for (int64_t i = 0; i < config_.num_hidden_layers; ++i)
      io = autograd::block<&DeepseekDecoder::layer>(context, *this, i, batch, std::move(io));
    return norm_(context, std::move(io.x), std::move(io.delta)).normed;
  }

  std::vector<nn::LayerState> states() const override {
    std::vector<nn::LayerState> states;
    for (const Layer& layer : layers_) states.push_back(layer.attention.state());
    return states;
  }

  nn::WeightSlot* embed_tokens() const { return embed_tokens_; }

 private:
  struct Layer {
    nn::Norm attention_norm, mlp_norm;
    nn::LatentAttention attention;
    bool has_experts = false;
    nn::Experts experts;
    nn::GatedMlp mlp;
  };

  // x, delta -> the residual stream before the feed-forward part, and what that adds to it.
  autograd::BlockIo layer(Context& context, int64_t index, const nn::Batch& batch, autograd::BlockIo io) const {
    const Layer& l = layers_[static_cast<size_t>(index)];
    auto [x, h] = l.attention_norm(context, std::move(io.x), std::move(io.delta));  // [rows, hidden_size]
    Var attended = l.attention(context, std::move(h), batch, index);
    auto [x2, h2] = l.mlp_norm(context, std::move(x), std::move(attended));
    Var added = l.has_experts ? l.experts(context, std::move(h2)) : l.mlp(context, std::move(h2));
    return {std::move(x2), std::move(added)};
  }

  nn::Norm make_norm(const nn::Declare& declare) const {
    return nn::norm(declare, {.width = config_.hidden_size, .eps = config_.rms_norm_eps});
  }

  DeepseekConfig config_;
  mutable nn::Rotary rotary_;
  nn::WeightSlot* embed_tokens_ = nullptr;
  std::vector<Layer> layers_;
  nn::Norm norm_;
};

// Small models of one's own have the ratios of the paper: a latent row of four heads, half a head that is rotated.
nn::LatentAttentionSpec read_attention(ConfigFields& f, const DeepseekConfig& c, int64_t heads) {
  nn::LatentAttentionSpec a{.width = c.hidden_size, .heads = heads};
  int64_t head = std::max<int64_t>(c.hidden_size / heads, 1);
  a.q_rank = f.optional_integer("q_lora_rank", f.training() ? 0 : 1536);
  a.kv_rank = f.size("kv_lora_rank", {512, std::min(4 * head, c.hidden_size)});
  a.nope_dim = f.size("qk_nope_head_dim", {128, head});
  a.rope_dim = f.size("qk_rope_head_dim", {64, std::max<int64_t>(head / 4 * 2, 2)});
  a.value_dim = f.size("v_head_dim", {128, head});
  a.bias = f.flag("attention_bias", false);
  a.dropout = f.number("attention_dropout", 0, 0, 0.99);
  if (a.rope_dim % 2 != 0) f.fail("qk_rope_head_dim", "is odd", "rotary positions need pairs");
  if (f.size("num_key_value_heads", {heads, heads}) != heads)
    f.fail("num_key_value_heads", "is not num_attention_heads", "latent attention has keys of every head");
  return a;
}

// An integer that may be null: none.
int64_t count_of(ConfigFields& f, const char* key, int64_t fallback) {
  bool is_null = f.reader().present(key) && !f.has(key);
  return f.integer(key, is_null ? 0 : fallback, 0);
}

nn::ExpertsSpec read_experts(ConfigFields& f, const DeepseekConfig& c, const DeepseekDefaults& d) {
  nn::ExpertsSpec e{.width = c.hidden_size, .activation = c.hidden_act};
  e.gate_name = "gate_proj";
  e.up_name = "up_proj";
  e.down_name = "down_proj";
  e.experts = count_of(f, "n_routed_experts", f.training() ? 8 : d.n_routed_experts);
  // A row goes through two experts and the shared one: together as wide as one part of the usual width.
  e.inner = f.size("moe_intermediate_size", {d.moe_intermediate_size, (c.intermediate_size / 3 + 15) / 16 * 16});
  e.top_k = f.size("num_experts_per_tok", {d.num_experts_per_tok, 2});
  e.shared_inner = count_of(f, "n_shared_experts", f.training() ? 1 : d.n_shared_experts) * e.inner;
  e.scale = f.number("routed_scaling_factor", d.routed_scaling_factor, 0, 1e6);
  e.renormalise = f.flag("norm_topk_prob", d.norm_topk_prob);
  if (e.experts == 0) return e;
  if (e.top_k > e.experts) f.fail("num_experts_per_tok", "is larger than n_routed_experts", "use fewer");
  if (e.experts > kMostExperts / c.num_hidden_layers) f.fail("n_routed_experts", "is too large for so many layers");
  return e;
}

}  // namespace

DeepseekConfig read_deepseek_fields(ConfigFields& f, const DeepseekDefaults& d) {
  DeepseekConfig c;
  c.vocab_size = f.size("vocab_size", {d.vocab_size, {}, "it, or a tokenizer"});
  c.hidden_size = f.size("hidden_size", {d.hidden_size, {}, "the width of the model"});
  c.intermediate_size = f.size("intermediate_size", {d.intermediate_size, gated_width(c.hidden_size)});
  c.num_hidden_layers = f.size("num_hidden_layers", {d.num_hidden_layers, {}, "the number of layers"});
  int64_t heads = f.size("num_attention_heads", {d.num_attention_heads, {}, "the number of heads"});
  c.max_position_embeddings = f.size("max_position_embeddings", {d.max_position_embeddings});
  c.rms_norm_eps = f.number("rms_norm_eps", 1e-6, 0, 1);
  c.initializer_range = f.number("initializer_range", 0.02, 0, 1);
  c.hidden_act = f.activation("hidden_act", "silu");
  c.tie_word_embeddings = f.flag("tie_word_embeddings", false);
  c.pad_token_id = f.token_id("pad_token_id", c.vocab_size);
  if (c.num_hidden_layers > kMostLayers) f.fail("num_hidden_layers", "is too large");
  c.attention = read_attention(f, c, heads);
  c.rotary = f.rotary(c.attention.rope_dim, c.max_position_embeddings, 10000);
  c.rotary.interleaved = true;
  // YaRN's factor stands on scores as often as on queries and keys (the reference puts it there, not on cosines).
  double mscale = c.rotary.mscale_all_dim > 0 ? nn::yarn_mscale(c.rotary.factor, c.rotary.mscale_all_dim) : 1;
  c.attention.scale = mscale * mscale / std::sqrt(static_cast<double>(c.attention.nope_dim + c.attention.rope_dim));
  c.experts = read_experts(f, c, d);
  c.first_k_dense_replace = f.integer("first_k_dense_replace", f.training() ? 1 : d.first_k_dense_replace, 0);
  c.moe_layer_freq = f.integer("moe_layer_freq", 1, 1);
  c.aux_loss_alpha = f.number("aux_loss_alpha", 0, 0, 1e6);
  return c;
}

void read_groups(ConfigFields& f, DeepseekConfig& c, const DeepseekDefaults& d, bool used) {
  nn::ExpertsSpec& e = c.experts;
  int64_t groups = f.optional_integer("n_group", f.training() ? 0 : d.n_group);
  int64_t top_groups = f.optional_integer("topk_group", f.training() ? 0 : d.topk_group);
  if (!used || e.experts == 0) return;
  e.groups = std::max<int64_t>(groups, 1);
  e.top_groups = std::max<int64_t>(top_groups, 1);
  f.publish("n_group", e.groups);
  f.publish("topk_group", e.top_groups);
  if (e.groups > kernels::kMostRouterGroups) f.fail("n_group", "is too large");
  if (e.experts % e.groups != 0) f.fail("n_group", "does not divide n_routed_experts", "change one of them");
  else if (e.experts / e.groups < e.group_best)
    f.fail("n_group", "leaves fewer than " + std::to_string(e.group_best) + " experts to a group", "use fewer groups");
  if (e.top_groups > e.groups) f.fail("topk_group", "is larger than n_group", "use fewer");
  else if (e.top_k > e.experts / e.groups * e.top_groups)
    f.fail("num_experts_per_tok", "is larger than the experts of topk_group groups", "use fewer");
}

Parts make_deepseek_parts(ConfigFields& fields, const DeepseekConfig& c) {
  if (fields.failed()) return {};
  Parts parts;
  auto backbone = std::make_unique<DeepseekDecoder>(parts.parameters, c);
  add_lm_head(parts, backbone->embed_tokens(), c.tie_word_embeddings, "lm_head", c.initializer_range);
  parts.backbone = std::move(backbone);
  parts.sizes = {c.vocab_size, c.hidden_size, c.num_hidden_layers, c.max_position_embeddings};
  parts.sizes.switch_length = c.rotary.switch_length();
  // The authors add up one loss a layer, with choices counted for each of a row's experts apart; ours is one mean of all.
  int64_t layers = 0;
  for (int64_t i = 0; i < c.num_hidden_layers; ++i) layers += c.has_experts(i);
  parts.router_balance = c.aux_loss_alpha * static_cast<double>(layers) / static_cast<double>(c.experts.top_k);
  return parts;
}

}  // namespace malmoi::model
