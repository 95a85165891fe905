// Gemma 3 (Gemma Team 2025): norms before and behind each part, norms of queries and keys, local layers between global ones.
#include <cmath>

#include "model/families/lm_head.h"
#include "model/families/llama_gguf.h"
#include "nn/blocks.h"

namespace malmoi::model {
namespace {

struct Gemma3Config {
  int64_t vocab_size, hidden_size, intermediate_size, num_hidden_layers, num_attention_heads, num_key_value_heads,
      head_dim, max_position_embeddings, sliding_window;
  double rms_norm_eps, initializer_range, attention_dropout, query_pre_attn_scalar, attn_logit_softcapping,
      final_logit_softcapping;
  kernels::Activation hidden_activation;
  bool attention_bias, tie_word_embeddings;
  int32_t pad_token_id;
  std::vector<bool> local;  // of each layer
  nn::RotaryConfig global_rotary, local_rotary;
};

struct Layer {
  nn::Norm input_norm, post_attention_norm, pre_mlp_norm, post_mlp_norm;
  nn::SelfAttention attention;
  nn::GatedMlp mlp;
};

class Gemma3 final : public Backbone {
 public:
  Gemma3(nn::ParameterSet& set, const Gemma3Config& c)
      : config_(c), global_rotary_(c.global_rotary), local_rotary_(c.local_rotary) {
    nn::Declare model(set, "model", c.initializer_range);
    embed_tokens_ = nn::embedding(model / "embed_tokens", {c.vocab_size, c.hidden_size});
    for (int64_t i = 0; i < c.num_hidden_layers; ++i) layers_.push_back(make_layer(model / "layers" / i, i));
    norm_ = make_norm(model / "norm");
  }

  Var forward(Context& context, const nn::Batch& batch) const override {
    global_rotary_.prepare(batch.max_position);
    local_rotary_.prepare(batch.max_position);
    float scale = std::sqrt(static_cast<float>(config_.hidden_size));
    autograd::BlockIo io{autograd::embedding(context, {{&**embed_tokens_, batch.ids.data(), config_.pad_token_id}},
                                             {.rows = batch.rows(), .scale = scale})};  // [rows, hidden_size]
    for (int64_t i = 0; i < config_.num_hidden_layers; ++i)
      io = autograd::block<&Gemma3::layer>(context, *this, i, batch, std::move(io));
    return norm_(context, std::move(io.x), std::move(io.delta)).normed;
  }

  std::vector<nn::LayerState> states() const override {
    std::vector<nn::LayerState> states;
    int64_t width = config_.num_key_value_heads * config_.head_dim;
    for (bool local : config_.local)
      states.push_back({.kind = local ? nn::StateKind::kWindowKeys : nn::StateKind::kPagedKeys,
                        .key_width = width,
                        .value_width = width,
                        .window = local ? config_.sliding_window : 0});
    return states;
  }

  nn::WeightSlot* embed_tokens() const { return embed_tokens_; }

 private:
  autograd::BlockIo layer(Context& context, int64_t index, const nn::Batch& batch, autograd::BlockIo io) const {
    const Layer& l = layers_[static_cast<size_t>(index)];
    auto [x, h] = l.input_norm(context, std::move(io.x), std::move(io.delta));  // [rows, hidden_size]
    Var attended = l.attention(context, std::move(h), batch, index);
    attended = l.post_attention_norm(context, std::move(attended));
    auto [x2, h2] = l.pre_mlp_norm(context, std::move(x), std::move(attended));
    return {std::move(x2), l.post_mlp_norm(context, l.mlp(context, std::move(h2)))};
  }

  nn::Norm make_norm(const nn::Declare& declare) const {
    return nn::norm(declare, {.width = config_.hidden_size, .eps = config_.rms_norm_eps, .weight_offset = 1});
  }

  Layer make_layer(const nn::Declare& layer, int64_t index) {
    const Gemma3Config& c = config_;
    bool local = c.local[static_cast<size_t>(index)];
    Layer l;
    l.input_norm = make_norm(layer / "input_layernorm");
    l.attention = nn::SelfAttention(layer / "self_attn", {.width = c.hidden_size,
                                                          .heads = c.num_attention_heads,
                                                          .kv_heads = c.num_key_value_heads,
                                                          .head_dim = c.head_dim,
                                                          .scale = 1 / std::sqrt(c.query_pre_attn_scalar),
                                                          .softcap = c.attn_logit_softcapping,
                                                          .dropout = c.attention_dropout,
                                                          .mask = {.window = local ? c.sliding_window : 0},
                                                          .bias = c.attention_bias,
                                                          .out_bias = c.attention_bias,
                                                          .rotary = local ? &local_rotary_ : &global_rotary_,
                                                          .qk_norm = nn::QkNorm::kEachHead,
                                                          .qk_norm_eps = c.rms_norm_eps,
                                                          .qk_norm_offset = 1});
    l.post_attention_norm = make_norm(layer / "post_attention_layernorm");
    l.pre_mlp_norm = make_norm(layer / "pre_feedforward_layernorm");
    l.mlp = nn::gated_mlp(layer / "mlp",
                          {.width = c.hidden_size, .inner = c.intermediate_size, .activation = c.hidden_activation});
    l.post_mlp_norm = make_norm(layer / "post_feedforward_layernorm");
    return l;
  }

  Gemma3Config config_;
  mutable nn::Rotary global_rotary_, local_rotary_;
  nn::WeightSlot* embed_tokens_ = nullptr;
  std::vector<Layer> layers_;
  nn::Norm norm_;
};

// Every so many layers one is global: as a list, or by the pattern of older configs.
std::vector<bool> read_local_layers(ConfigFields& f, int64_t layers) {
  int64_t pattern =
      f.reader().integer("sliding_window_pattern", f.reader().integer("_sliding_window_pattern", 6, 1), 1);
  std::vector<bool> local;
  for (const std::string& type : f.layer_types(layers, {"full_attention", "sliding_attention"}, [&](int64_t i) {
         return (i + 1) % pattern == 0 ? "full_attention" : "sliding_attention";
       }))
    local.push_back(type == "sliding_attention");
  return local;
}

Gemma3Config read(ConfigFields& f) {
  Gemma3Config c{};
  c.vocab_size = f.size("vocab_size", {262208, {}, "it, or a tokenizer"});
  c.hidden_size = f.size("hidden_size", {2304, {}, "the width of the model"});
  // A gated MLP has three matrices where a plain one has two: 8/3 of the width costs the same (Shazeer 2020).
  c.intermediate_size = f.size("intermediate_size", {9216, (c.hidden_size * 8 / 3 + 63) / 64 * 64});
  c.num_hidden_layers = f.size("num_hidden_layers", {26, {}, "the number of layers"});
  c.num_attention_heads = f.size("num_attention_heads", {8, {}, "the number of heads"});
  c.num_key_value_heads = f.size("num_key_value_heads", {4, c.num_attention_heads});
  c.head_dim = f.size("head_dim", {256, std::max<int64_t>(c.hidden_size / c.num_attention_heads, 1)});
  c.max_position_embeddings = f.size("max_position_embeddings", {131072});
  c.sliding_window = f.size("sliding_window", {4096, std::max<int64_t>(c.max_position_embeddings / 2, 1)});
  c.rms_norm_eps = f.number("rms_norm_eps", 1e-6, 0, 1);
  c.initializer_range = f.number("initializer_range", 0.02, 0, 1);
  c.attention_dropout = f.number("attention_dropout", 0, 0, 0.99);
  c.query_pre_attn_scalar =
      static_cast<double>(f.size("query_pre_attn_scalar", {256, c.head_dim}));  // published as a whole number
  c.attn_logit_softcapping = f.optional_number("attn_logit_softcapping", 0);
  c.final_logit_softcapping = f.optional_number("final_logit_softcapping", 0);
  c.hidden_activation = f.activation("hidden_activation", "gelu_pytorch_tanh");
  c.attention_bias = f.flag("attention_bias", false);
  c.tie_word_embeddings = f.flag("tie_word_embeddings", true);
  c.pad_token_id = f.token_id("pad_token_id", c.vocab_size, f.training() ? -1 : 0);
  f.refuse("use_bidirectional_attention", f.flag("use_bidirectional_attention", false),
           "attention in both directions is not supported for gemma3");
  if (c.num_hidden_layers > kMostLayers) {
    f.fail("num_hidden_layers", "is too large");
    return c;
  }
  c.local = read_local_layers(f, c.num_hidden_layers);
  c.global_rotary = f.rotary_of("full_attention", "rope_theta", 1e6, true, c.head_dim, c.max_position_embeddings);
  c.local_rotary =
      f.rotary_of("sliding_attention", "rope_local_base_freq", 10000, false, c.head_dim, c.max_position_embeddings);
  if (c.num_attention_heads % c.num_key_value_heads != 0)
    f.fail("num_attention_heads", "is not a multiple of num_key_value_heads", "change one of them");
  return c;
}

Parts make(ConfigFields& f, Task, int64_t) {
  Gemma3Config c = read(f);
  Parts parts;
  if (f.failed()) return parts;
  auto backbone = std::make_unique<Gemma3>(parts.parameters, c);
  add_lm_head(parts, backbone->embed_tokens(), c.tie_word_embeddings, "lm_head", c.initializer_range);
  parts.head->softcap = static_cast<float>(c.final_logit_softcapping);
  parts.backbone = std::move(backbone);
  parts.sizes = {c.vocab_size, c.hidden_size, c.num_hidden_layers, c.max_position_embeddings};
  return parts;
}

constexpr ModelClass kClasses[] = {{Task::kCausalLm, "Gemma3ForCausalLM"}};
constexpr std::string_view kPrefixes[] = {"model."};
constexpr std::string_view kBuffers[] = {"rotary_emb.inv_freq", "rotary_emb_local.inv_freq"};
constexpr std::string_view kInert[] = {"cache_implementation", "hidden_act"};
constexpr std::string_view kHeads[] = {"lm_head."};

constexpr GgufField kGgufFields[] = {{"hidden_size", "embedding_length"},
                                     {"intermediate_size", "feed_forward_length"},
                                     {"num_hidden_layers", "block_count"},
                                     {"num_attention_heads", "attention.head_count"},
                                     {"num_key_value_heads", "attention.head_count_kv"},
                                     {"head_dim", "attention.key_length"},
                                     {"query_pre_attn_scalar", "attention.key_length"},
                                     {"max_position_embeddings", "context_length"},
                                     {"rms_norm_eps", "attention.layer_norm_rms_epsilon"},
                                     {"sliding_window", "attention.sliding_window"},
                                     {"final_logit_softcapping", "final_logit_softcapping"},
                                     {"rope_theta", "rope.freq_base"},
                                     {"rope_local_base_freq", "rope.freq_base_swa"}};
constexpr GgufChange kPlusOne = GgufChange::kPlusOne;
constexpr GgufName kGgufNames[] = {{"model.norm.", "output_norm.", kPlusOne},
                                   {".input_layernorm.", ".attn_norm.", kPlusOne},
                                   {".post_attention_layernorm.", ".post_attention_norm.", kPlusOne},
                                   {".pre_feedforward_layernorm.", ".ffn_norm.", kPlusOne},
                                   {".post_feedforward_layernorm.", ".post_ffw_norm.", kPlusOne},
                                   {".self_attn.q_norm.", ".attn_q_norm.", kPlusOne},
                                   {".self_attn.k_norm.", ".attn_k_norm.", kPlusOne}};
constexpr GgufDialect kGguf{
    .architecture = "gemma3", .fields = kGgufFields, .names = kGgufNames, .shared = kLlamaGgufNames};

}  // namespace

extern const Family gemma3_family{.model_type = "gemma3_text",
                                  .classes = kClasses,
                                  .make = make,
                                  .optional_prefixes = kPrefixes,
                                  .head_prefixes = kHeads,
                                  .buffers = kBuffers,
                                  .inert = kInert,
                                  .gguf = &kGguf};

}  // namespace malmoi::model
