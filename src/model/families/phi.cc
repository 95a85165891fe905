// Phi (Li et al. 2023): attention and feed-forward part side by side behind one layer norm, rotary positions on a part of
// each head, biases everywhere.
#include <algorithm>

#include "model/families/lm_head.h"
#include "nn/blocks.h"

namespace malmoi::model::phi {
namespace {

struct PhiConfig {
  int64_t vocab_size, hidden_size, intermediate_size, num_hidden_layers, num_attention_heads, num_key_value_heads,
      head_dim, max_position_embeddings;
  double layer_norm_eps, initializer_range, resid_pdrop, embd_pdrop, attention_dropout;
  kernels::Activation hidden_act;
  bool qk_layernorm, tie_word_embeddings;
  int32_t pad_token_id;
  nn::RotaryConfig rotary;
};

class Phi final : public Backbone {
 public:
  Phi(nn::ParameterSet& set, const PhiConfig& c) : config_(c), rotary_(c.rotary) {
    nn::Declare model(set, "model", c.initializer_range);
    embed_tokens_ = nn::embedding(model / "embed_tokens", {c.vocab_size, c.hidden_size});
    for (int64_t i = 0; i < c.num_hidden_layers; ++i) layers_.push_back(make_layer(model / "layers" / i));
    final_layernorm_ = make_norm(model / "final_layernorm");
  }

  Var forward(Context& context, const nn::Batch& batch) const override {
    rotary_.prepare(batch.max_position);
    autograd::BlockIo io{autograd::embedding(
        context, {{&**embed_tokens_, batch.ids.data(), config_.pad_token_id}},
        {.rows = batch.rows(), .dropout = static_cast<float>(config_.embd_pdrop)})};  // [rows, hidden_size]
    for (int64_t i = 0; i < config_.num_hidden_layers; ++i)
      io = autograd::block<&Phi::layer>(context, *this, i, batch, std::move(io));
    return final_layernorm_(context, std::move(io.x), std::move(io.delta)).normed;
  }

  std::vector<nn::LayerState> states() const override {
    int64_t width = config_.num_key_value_heads * config_.head_dim;
    return std::vector<nn::LayerState>(static_cast<size_t>(config_.num_hidden_layers),
                                       {.key_width = width, .value_width = width});
  }

  nn::WeightSlot* embed_tokens() const { return embed_tokens_; }

 private:
  using Block = nn::ParallelBlock<nn::Mlp>;

  autograd::BlockIo layer(Context& context, int64_t index, const nn::Batch& batch, autograd::BlockIo io) const {
    return layers_[static_cast<size_t>(index)](context, batch, index, std::move(io));
  }

  nn::Norm make_norm(const nn::Declare& declare) const {
    return nn::norm(declare, {.width = config_.hidden_size,
                              .layer = true,
                              .eps = config_.layer_norm_eps,
                              .bias = true,
                              .dropout = config_.resid_pdrop});
  }

  Block make_layer(const nn::Declare& layer) {
    const PhiConfig& c = config_;
    Block block;
    block.attention_norm = make_norm(layer / "input_layernorm");
    block.attention = nn::SelfAttention(layer / "self_attn",
                                        {.width = c.hidden_size,
                                         .heads = c.num_attention_heads,
                                         .kv_heads = c.num_key_value_heads,
                                         .head_dim = c.head_dim,
                                         .dropout = c.attention_dropout,
                                         .bias = true,
                                         .out_bias = true,
                                         .names = {.out = "dense", .q_norm = "q_layernorm", .k_norm = "k_layernorm"},
                                         .rotary = &rotary_,
                                         .qk_norm = c.qk_layernorm ? nn::QkNorm::kEachHead : nn::QkNorm::kNone,
                                         .qk_norm_layer = true,
                                         .qk_norm_bias = true,
                                         .qk_norm_eps = c.layer_norm_eps});
    block.mlp =
        nn::mlp(layer / "mlp",
                {.width = c.hidden_size, .inner = c.intermediate_size, .activation = c.hidden_act, .bias = true});
    return block;
  }

  PhiConfig config_;
  mutable nn::Rotary rotary_;
  nn::WeightSlot* embed_tokens_ = nullptr;
  std::vector<Block> layers_;
  nn::Norm final_layernorm_;
};

PhiConfig read(ConfigFields& f) {
  PhiConfig c{};
  c.vocab_size = f.size("vocab_size", {51200, {}, "it, or a tokenizer"});
  c.hidden_size = f.size("hidden_size", {2048, {}, "the width of the model"});
  c.intermediate_size = f.size("intermediate_size", {8192, 4 * c.hidden_size});
  c.num_hidden_layers = f.size("num_hidden_layers", {24, {}, "the number of layers"});
  c.num_attention_heads = f.size("num_attention_heads", {32, {}, "the number of heads"});
  c.num_key_value_heads = f.size("num_key_value_heads", {c.num_attention_heads, c.num_attention_heads});
  c.head_dim = std::max<int64_t>(c.hidden_size / c.num_attention_heads, 1);
  c.max_position_embeddings = f.size("max_position_embeddings", {2048});
  c.layer_norm_eps = f.number("layer_norm_eps", 1e-5, 0, 1);
  c.initializer_range = f.number("initializer_range", 0.02, 0, 1);
  c.resid_pdrop = f.number("resid_pdrop", 0, 0, 0.99);
  c.embd_pdrop = f.number("embd_pdrop", 0, 0, 0.99);
  c.attention_dropout = f.number("attention_dropout", 0, 0, 0.99);
  c.hidden_act = f.activation("hidden_act", "gelu_new");
  c.qk_layernorm = f.flag("qk_layernorm", false);
  c.tie_word_embeddings = f.flag("tie_word_embeddings", false);
  c.pad_token_id = f.token_id("pad_token_id", c.vocab_size);
  c.rotary = f.rotary(c.head_dim, c.max_position_embeddings, 10000, 0.5);
  if (c.hidden_size % c.num_attention_heads != 0)
    f.fail("hidden_size", "is not a multiple of num_attention_heads", "change one of them");
  if (c.num_attention_heads % c.num_key_value_heads != 0)
    f.fail("num_attention_heads", "is not a multiple of num_key_value_heads", "change one of them");
  if (c.num_hidden_layers > kMostLayers) f.fail("num_hidden_layers", "is too large");
  return c;
}

Parts make(ConfigFields& f, Task, int64_t) {
  PhiConfig c = read(f);
  Parts parts;
  if (f.failed()) return parts;
  auto backbone = std::make_unique<Phi>(parts.parameters, c);
  add_lm_head(parts, backbone->embed_tokens(), c.tie_word_embeddings, "lm_head", c.initializer_range);
  add_lm_head_bias(parts, "lm_head");
  parts.backbone = std::move(backbone);
  parts.sizes = {c.vocab_size, c.hidden_size, c.num_hidden_layers, c.max_position_embeddings};
  parts.sizes.switch_length = c.rotary.switch_length();
  return parts;
}

constexpr ModelClass kClasses[] = {{Task::kCausalLm, "PhiForCausalLM"}};
constexpr std::string_view kPrefixes[] = {"model."};
constexpr std::string_view kBuffers[] = {"rotary_emb.inv_freq"};
constexpr std::string_view kHeads[] = {"lm_head."};

constexpr GgufField kGgufFields[] = {{"hidden_size", "embedding_length"},
                                     {"intermediate_size", "feed_forward_length"},
                                     {"num_hidden_layers", "block_count"},
                                     {"num_attention_heads", "attention.head_count"},
                                     {"num_key_value_heads", "attention.head_count_kv"},
                                     {"max_position_embeddings", "context_length"},
                                     {"layer_norm_eps", "attention.layer_norm_epsilon"},
                                     {"rope_theta", "rope.freq_base"}};
constexpr GgufName kGgufNames[] = {{"model.embed_tokens.", "token_embd."},
                                   {"model.final_layernorm.", "output_norm."},
                                   {"lm_head.", "output."},
                                   {"model.layers.", "blk."},
                                   {".input_layernorm.", ".attn_norm."},
                                   {".self_attn.q_proj.", ".attn_q."},
                                   {".self_attn.k_proj.", ".attn_k."},
                                   {".self_attn.v_proj.", ".attn_v."},
                                   {".self_attn.dense.", ".attn_output."},
                                   {".mlp.fc1.", ".ffn_up."},
                                   {".mlp.fc2.", ".ffn_down."}};
// Files without rope.dimension_count rotate whole heads.
constexpr GgufDialect kGguf{.architecture = "phi2",
                            .fields = kGgufFields,
                            .names = kGgufNames,
                            .derive = [](Json& config, const formats::Gguf&) {
                              if (!config.contains("partial_rotary_factor")) config["partial_rotary_factor"] = 1;
                            }};

}  // namespace

extern const Family family{.model_type = "phi",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kPrefixes,
                           .head_prefixes = kHeads,
                           .buffers = kBuffers,
                           .gguf = &kGguf};

}  // namespace malmoi::model::phi
