// Qwen3-Next (Qwen Team 2025): three layers of gated delta rule (Yang et al. 2024) to one of gated attention, each before
// a mixture of many small experts with one that all rows share.
#include <algorithm>
#include <variant>

#include "model/families/lm_head.h"
#include "model/families/qwen3_next_gguf.h"
#include "nn/blocks.h"
#include "nn/experts.h"
#include "nn/gated_delta_net.h"

namespace malmoi::model::qwen3_next {
namespace {

struct Qwen3NextConfig {
  int64_t vocab_size, hidden_size, intermediate_size, num_hidden_layers, num_attention_heads, num_key_value_heads,
      head_dim, max_position_embeddings;
  int64_t moe_intermediate_size, shared_expert_intermediate_size, num_experts, num_experts_per_tok;
  double rms_norm_eps, initializer_range, attention_dropout;
  bool tie_word_embeddings, attention_bias, norm_topk_prob;
  int32_t pad_token_id;
  nn::RotaryConfig rotary;
  nn::GatedDeltaNetSpec delta_net;
  std::vector<bool> attends, sparse;  // of each layer
};

struct Layer {
  bool attends = false;
  nn::Norm input_norm, mlp_norm;
  nn::SelfAttention attention;
  nn::GatedDeltaNet delta_net;
  std::variant<nn::GatedMlp, nn::Experts> mlp;
  int64_t slot = 0;  // its first one
};

class Qwen3Next final : public Backbone {
 public:
  Qwen3Next(nn::ParameterSet& set, const Qwen3NextConfig& c) : config_(c), rotary_(c.rotary) {
    nn::Declare model(set, "model", c.initializer_range);
    embed_tokens_ = nn::embedding(model / "embed_tokens", {c.vocab_size, c.hidden_size});
    for (int64_t i = 0; i < c.num_hidden_layers; ++i) layers_.push_back(make_layer(model / "layers" / i, i));
    norm_ = make_norm(model / "norm");
  }

  Var forward(Context& context, const nn::Batch& batch) const override {
    rotary_.prepare(batch.max_position);
    autograd::BlockIo io{autograd::embedding(context, {{&**embed_tokens_, batch.ids.data(), config_.pad_token_id}},
                                             {.rows = batch.rows()})};  // [rows, hidden_size]
    for (int64_t i = 0; i < config_.num_hidden_layers; ++i)
      io = autograd::block<&Qwen3Next::layer>(context, *this, i, batch, std::move(io));
    return norm_(context, std::move(io.x), std::move(io.delta)).normed;
  }

  // Of each layer keys, or the last inputs of the convolution and the state of the delta rule.
  std::vector<nn::LayerState> states() const override {
    const Qwen3NextConfig& c = config_;
    std::vector<nn::LayerState> states;
    int64_t width = c.num_key_value_heads * c.head_dim;
    for (const Layer& layer : layers_) {
      if (layer.attends) {
        states.push_back({.kind = nn::StateKind::kPagedKeys, .key_width = width, .value_width = width});
        continue;
      }
      for (const nn::LayerState& state : nn::GatedDeltaNet::states(c.delta_net)) states.push_back(state);
    }
    return states;
  }

  nn::WeightSlot* embed_tokens() const { return embed_tokens_; }

 private:
  autograd::BlockIo layer(Context& context, int64_t index, const nn::Batch& batch, autograd::BlockIo io) const {
    const Layer& l = layers_[static_cast<size_t>(index)];
    auto [x, h] = l.input_norm(context, std::move(io.x), std::move(io.delta));  // [rows, hidden_size]
    Var mixed = l.attends ? l.attention(context, std::move(h), batch, l.slot)
                          : l.delta_net(context, std::move(h), batch, l.slot);
    auto [x2, h2] = l.mlp_norm(context, std::move(x), std::move(mixed));
    Var added = std::visit([&](const auto& mlp) { return mlp(context, std::move(h2)); }, l.mlp);
    return {std::move(x2), std::move(added)};
  }

  // Stored as weight - 1.
  nn::Norm make_norm(const nn::Declare& declare) const {
    return nn::norm(declare, {.width = config_.hidden_size, .eps = config_.rms_norm_eps, .weight_offset = 1});
  }

  Layer make_layer(const nn::Declare& layer, int64_t index) {
    const Qwen3NextConfig& c = config_;
    Layer l;
    l.attends = c.attends[static_cast<size_t>(index)];
    if (index > 0) l.slot = layers_.back().slot + (layers_.back().attends ? 1 : 2);
    l.input_norm = make_norm(layer / "input_layernorm");
    if (l.attends)
      l.attention = nn::SelfAttention(layer / "self_attn", {.width = c.hidden_size,
                                                            .heads = c.num_attention_heads,
                                                            .kv_heads = c.num_key_value_heads,
                                                            .head_dim = c.head_dim,
                                                            .dropout = c.attention_dropout,
                                                            .bias = c.attention_bias,
                                                            .out_bias = c.attention_bias,
                                                            .rotary = &rotary_,
                                                            .qk_norm = nn::QkNorm::kEachHead,
                                                            .qk_norm_eps = c.rms_norm_eps,
                                                            .qk_norm_offset = 1,
                                                            .output_gate = true});
    else l.delta_net = nn::GatedDeltaNet(layer / "linear_attn", c.delta_net);
    l.mlp_norm = make_norm(layer / "post_attention_layernorm");
    if (c.sparse[static_cast<size_t>(index)])
      l.mlp = nn::Experts(layer / "mlp", {.width = c.hidden_size,
                                          .inner = c.moe_intermediate_size,
                                          .experts = c.num_experts,
                                          .top_k = c.num_experts_per_tok,
                                          .renormalise = c.norm_topk_prob,
                                          .gate_name = "gate_proj",
                                          .up_name = "up_proj",
                                          .down_name = "down_proj",
                                          .shared_inner = c.shared_expert_intermediate_size,
                                          .shared_name = "shared_expert",
                                          .shared_gate = "shared_expert_gate"});
    else l.mlp = nn::gated_mlp(layer / "mlp", {.width = c.hidden_size, .inner = c.intermediate_size});
    return l;
  }

  Qwen3NextConfig config_;
  mutable nn::Rotary rotary_;
  nn::WeightSlot* embed_tokens_ = nullptr;
  std::vector<Layer> layers_;
  nn::Norm norm_;
};

// By a list of kinds, or, in older configs, one of so many; a small model of one's own has one at least.
std::vector<bool> read_attends(ConfigFields& f, int64_t layers) {
  int64_t interval = f.reader().integer("full_attention_interval", f.training() ? std::min<int64_t>(4, layers) : 4, 1);
  std::vector<bool> attends;
  for (const std::string& type : f.layer_types(layers, {"full_attention", "linear_attention"}, [&](int64_t layer) {
         return (layer + 1) % interval == 0 ? "full_attention" : "linear_attention";
       }))
    attends.push_back(type == "full_attention");
  return attends;
}

// Every so many layers have experts, but those that are named.
std::vector<bool> read_sparse(ConfigFields& f, int64_t layers) {
  int64_t step = f.integer("decoder_sparse_step", 1, 1);
  const Json& dense = f.reader().raw("mlp_only_layers");
  if (!dense.is_null() && !dense.is_array()) f.fail("mlp_only_layers", "a list of layers was expected");
  f.publish("mlp_only_layers", dense.is_array() ? dense : Json::array());
  std::vector<bool> sparse;
  for (int64_t i = 0; i < layers; ++i) {
    bool is_named = dense.is_array() && std::find(dense.begin(), dense.end(), Json(i)) != dense.end();
    sparse.push_back(!is_named && (i + 1) % step == 0);
  }
  return sparse;
}

nn::GatedDeltaNetSpec read_delta_net(ConfigFields& f, const Qwen3NextConfig& c) {
  nn::GatedDeltaNetSpec d;
  d.width = c.hidden_size;
  d.norm_eps = c.rms_norm_eps;
  d.taps = f.size("linear_conv_kernel_dim", {4, 4});
  d.key_dim = f.size("linear_key_head_dim", {128, 32});
  d.value_dim = f.size("linear_value_head_dim", {128, 32});
  d.key_heads = f.size("linear_num_key_heads", {16, std::max<int64_t>(c.hidden_size / (2 * d.key_dim), 1)});
  d.heads = f.size("linear_num_value_heads", {32, 2 * d.key_heads});
  if (d.heads % d.key_heads != 0)
    f.fail("linear_num_value_heads", "is not a multiple of linear_num_key_heads", "change one of them");
  if (d.taps > kernels::kMaxConvTaps)
    f.fail("linear_conv_kernel_dim", "is larger than " + std::to_string(kernels::kMaxConvTaps));
  return d;
}

void read_experts(ConfigFields& f, Qwen3NextConfig& c) {
  c.num_experts = f.reader().integer("num_experts", f.training() ? 8 : 512, 0, kMostExperts);
  f.publish("num_experts", c.num_experts);
  c.num_experts_per_tok = f.size("num_experts_per_tok", {10, 2});
  int64_t small = std::max<int64_t>(c.intermediate_size / 4, 1);  // with two of them and a shared one
  c.moe_intermediate_size = f.size("moe_intermediate_size", {512, small});
  c.shared_expert_intermediate_size = f.size("shared_expert_intermediate_size", {512, small});
  c.norm_topk_prob = f.flag("norm_topk_prob", true);
  c.sparse = read_sparse(f, c.num_hidden_layers);
  if (c.num_experts == 0) c.sparse.assign(c.sparse.size(), false);
  if (c.num_experts > 0 && c.num_experts_per_tok > c.num_experts)
    f.fail("num_experts_per_tok", "is larger than num_experts", "use fewer");
  if (c.num_experts > kMostExperts / c.num_hidden_layers) f.fail("num_experts", "is too large for so many layers");
}

Qwen3NextConfig read(ConfigFields& f) {
  Qwen3NextConfig c{};
  c.vocab_size = f.size("vocab_size", {151936, {}, "it, or a tokenizer"});
  c.hidden_size = f.size("hidden_size", {2048, {}, "the width of the model"});
  // A gated MLP has three matrices where a plain one has two: 8/3 of the width costs the same (Shazeer 2020).
  c.intermediate_size = f.size("intermediate_size", {5632, gated_width(c.hidden_size)});
  c.num_hidden_layers = f.size("num_hidden_layers", {48, {}, "the number of layers"});
  c.num_attention_heads = f.size("num_attention_heads", {16, {}, "the number of heads"});
  c.num_key_value_heads = f.size("num_key_value_heads", {2, c.num_attention_heads});
  c.head_dim = f.size("head_dim", {256, std::max<int64_t>(c.hidden_size / c.num_attention_heads, 1)});
  c.max_position_embeddings = f.size("max_position_embeddings", {32768});
  c.rotary = f.rotary(c.head_dim, c.max_position_embeddings, 10000, 0.25);
  c.rms_norm_eps = f.number("rms_norm_eps", 1e-6, 0, 1);
  c.initializer_range = f.number("initializer_range", 0.02, 0, 1);
  c.attention_dropout = f.number("attention_dropout", 0, 0, 0.99);
  c.attention_bias = f.flag("attention_bias", false);
  c.tie_word_embeddings = f.flag("tie_word_embeddings", false);
  c.pad_token_id = f.token_id("pad_token_id", c.vocab_size);
  f.refuse("hidden_act", f.activation("hidden_act", "silu") != kernels::Activation::kSilu, "qwen3_next has silu alone");
  c.delta_net = read_delta_net(f, c);
  if (c.num_attention_heads % c.num_key_value_heads != 0)
    f.fail("num_attention_heads", "is not a multiple of num_key_value_heads", "change one of them");
  if (c.num_hidden_layers > kMostLayers) {
    f.fail("num_hidden_layers", "is too large");
    return c;
  }
  read_experts(f, c);
  c.attends = read_attends(f, c.num_hidden_layers);
  return c;
}

Parts make(ConfigFields& f, Task, int64_t) {
  Qwen3NextConfig c = read(f);
  double balance = f.number("router_aux_loss_coef", 0.001, 0, 1e6);
  bool with_balance = f.flag("output_router_logits", false);
  // Layers that predict tokens further on, for drafts, stand behind the others in GGUF files.
  const int64_t drafts = f.reader().integer("num_nextn_predict_layers", 0, 0, kMostLayers);
  Parts parts;
  if (f.failed()) return parts;
  for (int64_t i = 0; i < drafts; ++i) parts.beside.push_back("blk." + std::to_string(c.num_hidden_layers + i) + ".");
  auto backbone = std::make_unique<Qwen3Next>(parts.parameters, c);
  add_lm_head(parts, backbone->embed_tokens(), c.tie_word_embeddings, "lm_head", c.initializer_range);
  parts.backbone = std::move(backbone);
  parts.sizes = {c.vocab_size, c.hidden_size, c.num_hidden_layers, c.max_position_embeddings};
  parts.sizes.switch_length = c.rotary.switch_length();
  // As published: the loss that keeps experts equally busy is asked for by the switch that returns the routers' logits.
  if (with_balance) parts.router_balance = balance;
  return parts;
}

constexpr ModelClass kClasses[] = {{Task::kCausalLm, "Qwen3NextForCausalLM"}};
constexpr std::string_view kPrefixes[] = {"model."};
constexpr std::string_view kHeads[] = {"lm_head.", "mtp."};  // mtp: predicts a token more, for drafts
constexpr std::string_view kBuffers[] = {"rotary_emb.inv_freq"};
constexpr std::string_view kInert[] = {"use_sliding_window", "sliding_window", "max_window_layers"};

}  // namespace

extern const Family family{.model_type = "qwen3_next",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kPrefixes,
                           .head_prefixes = kHeads,
                           .buffers = kBuffers,
                           .inert = kInert,
                           .gguf = &kQwen3NextGguf};

}  // namespace malmoi::model::qwen3_next
