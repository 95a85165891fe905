// Llama (Touvron et al. 2023), and the decoder of its kin.
#include "model/families/llama.h"

#include <algorithm>

#include "nn/blocks.h"

namespace malmoi::model {
namespace {

class Llama final : public Backbone {
 public:
  Llama(nn::ParameterSet& set, const LlamaConfig& c) : config_(c), rotary_(c.rotary) {
    nn::Declare model(set, "model", c.initializer_range);
    embed_tokens_ = nn::embedding(model / "embed_tokens", {c.vocab_size, c.hidden_size});
    for (int64_t i = 0; i < c.num_hidden_layers; ++i) layers_.push_back(make_layer(model / "layers" / i, i));
    norm_ = make_norm(model / "norm");
  }

  Var forward(Context& context, const nn::Batch& batch) const override {
    rotary_.prepare(batch.max_position);
    BlockIo io{autograd::embedding(context, {{&**embed_tokens_, batch.ids.data(), config_.pad_token_id}},
                                   {.rows = batch.rows()})};  // [rows, hidden_size]
    for (int64_t i = 0; i < config_.num_hidden_layers; ++i)
      io = autograd::block<&Llama::layer>(context, *this, i, batch, std::move(io));
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
  using Block = nn::PreNormBlock<nn::GatedMlp>;
  using BlockIo = autograd::BlockIo;

  BlockIo layer(Context& context, int64_t index, const nn::Batch& batch, BlockIo io) const {
    return layers_[static_cast<size_t>(index)](context, batch, index, std::move(io));
  }

  nn::Norm make_norm(const nn::Declare& declare) const {
    return nn::norm(declare, {.width = config_.hidden_size, .eps = config_.rms_norm_eps});
  }

  Block make_layer(const nn::Declare& layer, int64_t index) {
    const LlamaConfig& c = config_;
    Block block;
    block.attention_norm = make_norm(layer / "input_layernorm");
    block.attention = nn::SelfAttention(layer / "self_attn", {.width = c.hidden_size,
                                                              .heads = c.num_attention_heads,
                                                              .kv_heads = c.num_key_value_heads,
                                                              .head_dim = c.head_dim,
                                                              .dropout = c.attention_dropout,
                                                              .mask = {.window = c.window[static_cast<size_t>(index)]},
                                                              .bias = c.qkv_bias,
                                                              .out_bias = c.out_bias,
                                                              .rotary = &rotary_});
    block.mlp_norm = make_norm(layer / "post_attention_layernorm");
    block.mlp = nn::gated_mlp(
        layer / "mlp",
        {.width = c.hidden_size, .inner = c.intermediate_size, .activation = c.hidden_act, .bias = c.mlp_bias});
    return block;
  }

  LlamaConfig config_;
  mutable nn::Rotary rotary_;
  nn::WeightSlot* embed_tokens_ = nullptr;
  std::vector<Block> layers_;
  nn::Norm norm_;
};

}  // namespace

LlamaConfig read_llama_fields(ConfigFields& f, const LlamaDefaults& d) {
  LlamaConfig c;
  c.vocab_size = f.size("vocab_size", {d.vocab_size, {}, "it, or a tokenizer"});
  c.hidden_size = f.size("hidden_size", {4096, {}, "the width of the model"});
  // A gated MLP has three matrices where a plain one has two: 8/3 of the width costs the same (Shazeer 2020).
  c.intermediate_size = f.size("intermediate_size", {d.intermediate_size, (c.hidden_size * 8 / 3 + 63) / 64 * 64});
  c.num_hidden_layers = f.size("num_hidden_layers", {32, {}, "the number of layers"});
  c.num_attention_heads = f.size("num_attention_heads", {32, {}, "the number of heads"});
  c.num_key_value_heads =
      f.size("num_key_value_heads",
             {d.num_key_value_heads ? d.num_key_value_heads : c.num_attention_heads, c.num_attention_heads});
  int64_t even = std::max<int64_t>(c.hidden_size / c.num_attention_heads, 1);
  bool head_dim_given = f.has("head_dim") || (d.head_dim > 0 && !f.training());
  c.head_dim = f.size("head_dim", {d.head_dim > 0 ? d.head_dim : even, even});
  c.max_position_embeddings = f.size("max_position_embeddings", {d.max_position_embeddings});
  c.rms_norm_eps = f.number("rms_norm_eps", 1e-6, 0, 1);
  c.initializer_range = f.number("initializer_range", 0.02, 0, 1);
  c.attention_dropout = f.number("attention_dropout", 0, 0, 0.99);
  c.hidden_act = f.activation("hidden_act", "silu");
  c.tie_word_embeddings = f.flag("tie_word_embeddings", false);
  c.pad_token_id = f.token_id("pad_token_id");
  c.window.assign(static_cast<size_t>(std::min<int64_t>(c.num_hidden_layers, kMostLayers)), 0);
  if (c.num_hidden_layers > kMostLayers) f.fail("num_hidden_layers", "is too large");
  if (!head_dim_given && c.hidden_size % c.num_attention_heads != 0)
    f.fail("hidden_size", "is not a multiple of num_attention_heads", "change one, or give head_dim");
  if (c.num_attention_heads % c.num_key_value_heads != 0)
    f.fail("num_attention_heads", "is not a multiple of num_key_value_heads", "change one of them");
  return c;
}

void read_windows(ConfigFields& f, LlamaConfig& c, int64_t window, int64_t first_windowed) {
  std::vector<std::string> types = f.layer_types(
      static_cast<int64_t>(c.window.size()), {"full_attention", window > 0 ? "sliding_attention" : "full_attention"},
      [&](int64_t i) { return window > 0 && i >= first_windowed ? "sliding_attention" : "full_attention"; });
  for (size_t i = 0; i < c.window.size(); ++i) c.window[i] = types[i] == "sliding_attention" ? window : 0;
}

Parts make_llama_parts(ConfigFields& fields, const LlamaConfig& c) {
  Parts parts;
  if (fields.failed()) return parts;
  auto backbone = std::make_unique<Llama>(parts.parameters, c);
  parts.head_begin = parts.parameters.entries().size();
  parts.head = std::make_unique<Head>();
  parts.head->weight = c.tie_word_embeddings
                           ? backbone->embed_tokens()
                           : nn::linear({parts.parameters, "lm_head", c.initializer_range},
                                        {.in = c.hidden_size, .out = c.vocab_size, .role = nn::Role::kHead})
                                 .weight;
  parts.backbone = std::move(backbone);
  parts.sizes = {c.vocab_size, c.hidden_size, c.num_hidden_layers, c.max_position_embeddings};
  return parts;
}

namespace {

Parts make(ConfigFields& f, Task, int64_t) {
  LlamaConfig c = read_llama_fields(f, {});
  c.rotary = f.rotary(c.head_dim, c.max_position_embeddings, 10000);
  c.qkv_bias = c.out_bias = f.flag("attention_bias", false);
  c.mlp_bias = f.flag("mlp_bias", false);
  return make_llama_parts(f, c);
}

constexpr ModelClass kClasses[] = {{Task::kCausalLm, "LlamaForCausalLM"}};
constexpr std::string_view kInert[] = {"pretraining_tp"};

}  // namespace

extern const Family llama_family{.model_type = "llama",
                                 .classes = kClasses,
                                 .make = make,
                                 .optional_prefixes = kModelPrefix,
                                 .buffers = kRotaryBuffers,
                                 .inert = kInert};

}  // namespace malmoi::model
