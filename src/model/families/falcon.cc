// Falcon (Almazrouei et al. 2023) in its three forms: 7B, attention and feed-forward part side by side behind one layer norm,
// keys and values of one head; 40B, heads in groups and a norm for each part; RW, one part after the other, with ALiBi.
#include <algorithm>
#include <cmath>
#include <type_traits>

#include "model/families/lm_head.h"
#include "nn/blocks.h"

namespace malmoi::model::falcon {
namespace {

struct FalconConfig {
  int64_t vocab_size, hidden_size, num_hidden_layers, num_attention_heads, num_kv_heads, head_dim, ffn_hidden_size,
      max_position_embeddings;
  double layer_norm_epsilon, initializer_range, hidden_dropout, attention_dropout;
  kernels::Activation activation;
  bool alibi, parallel, two_norms, bias, tie_word_embeddings;
  nn::RotaryConfig rotary;
};

/// `Block`: parts side by side, or one after the other.
template <typename Block>
class Falcon final : public Backbone {
 public:
  Falcon(nn::ParameterSet& set, const FalconConfig& c)
      : config_(c),
        rotary_(c.rotary),
        // The bias is added before scores are scaled.
        alibi_({.heads = c.num_attention_heads,
                .scale = 1 / std::sqrt(static_cast<double>(c.head_dim)),
                .rounded = true}) {
    nn::Declare model(set, "transformer", c.initializer_range);
    word_embeddings_ = nn::embedding(model / "word_embeddings", {c.vocab_size, c.hidden_size});
    for (int64_t i = 0; i < c.num_hidden_layers; ++i) layers_.push_back(make_layer(model / "h" / i));
    ln_f_ = make_norm(model / "ln_f", c.hidden_dropout);
  }

  Var forward(Context& context, const nn::Batch& batch) const override {
    if (config_.alibi) alibi_.prepare(batch.max_position);
    else rotary_.prepare(batch.max_position);
    autograd::BlockIo io{autograd::embedding(context, {{&**word_embeddings_, batch.ids.data()}},
                                             {.rows = batch.rows()})};  // [rows, hidden_size]
    for (int64_t i = 0; i < config_.num_hidden_layers; ++i)
      io = autograd::block<&Falcon::layer>(context, *this, i, batch, std::move(io));
    return ln_f_(context, std::move(io.x), std::move(io.delta)).normed;
  }

  std::vector<nn::LayerState> states() const override {
    int64_t width = config_.num_kv_heads * config_.head_dim;
    return std::vector<nn::LayerState>(static_cast<size_t>(config_.num_hidden_layers),
                                       {.key_width = width, .value_width = width});
  }

  nn::WeightSlot* word_embeddings() const { return word_embeddings_; }

 private:
  static constexpr bool kParallel = std::is_same_v<Block, nn::ParallelBlock<nn::Mlp>>;

  autograd::BlockIo layer(Context& context, int64_t index, const nn::Batch& batch, autograd::BlockIo io) const {
    return layers_[static_cast<size_t>(index)](context, batch, index, std::move(io));
  }

  // `dropout`: of what was added to the stream before it.
  nn::Norm make_norm(const nn::Declare& declare, double dropout) const {
    return nn::norm(declare, {.width = config_.hidden_size,
                              .layer = true,
                              .eps = config_.layer_norm_epsilon,
                              .bias = true,
                              .dropout = dropout});
  }

  Block make_layer(const nn::Declare& layer) {
    const FalconConfig& c = config_;
    Block block;
    block.attention_norm = make_norm(layer / (c.two_norms ? "ln_attn" : "input_layernorm"), c.hidden_dropout);
    if constexpr (!kParallel) block.mlp_norm = make_norm(layer / "post_attention_layernorm", c.attention_dropout);
    else if (c.two_norms) block.mlp_norm = make_norm(layer / "ln_mlp", 0);
    int64_t group = c.num_attention_heads / c.num_kv_heads;
    block.attention =
        nn::SelfAttention(layer / "self_attention", {.width = c.hidden_size,
                                                     .heads = c.num_attention_heads,
                                                     .kv_heads = c.num_kv_heads,
                                                     .head_dim = c.head_dim,
                                                     // As published: of probabilities with ALiBi alone.
                                                     .dropout = c.alibi ? c.attention_dropout : 0,
                                                     .bias = c.bias,
                                                     .out_bias = c.bias,
                                                     .layout = {nn::Layout::kHeadsInterleaved, c.num_kv_heads, group},
                                                     .names = {.out = "dense", .fused = "query_key_value"},
                                                     .rotary = c.alibi ? nullptr : &rotary_,
                                                     .alibi = c.alibi ? &alibi_ : nullptr});
    block.mlp = nn::mlp(layer / "mlp", {.width = c.hidden_size,
                                        .inner = c.ffn_hidden_size,
                                        .activation = c.activation,
                                        .bias = c.bias,
                                        .in_name = "dense_h_to_4h",
                                        .out_name = "dense_4h_to_h"});
    return block;
  }

  FalconConfig config_;
  mutable nn::Rotary rotary_;
  mutable nn::Alibi alibi_;
  nn::WeightSlot* word_embeddings_ = nullptr;
  std::vector<Block> layers_;
  nn::Norm ln_f_;
};

// Which form it is; the fields of the others do not count.
void read_form(ConfigFields& f, FalconConfig& c) {
  bool grouped = f.flag("new_decoder_architecture", false), multi_query = f.flag("multi_query", true);
  c.parallel = f.flag("parallel_attn", true);
  int64_t norms = f.optional_integer("num_ln_in_parallel_attn", 0);
  c.two_norms = grouped && norms != 1;
  if (norms > 2 || (norms == 2 && !grouped && c.parallel))
    f.fail("num_ln_in_parallel_attn", "is " + std::to_string(norms), "use 1, or 2 with new_decoder_architecture");
  f.refuse("parallel_attn", grouped && !c.parallel,
           "one part after the other does not go with new_decoder_architecture");
  f.refuse("apply_residual_connection_post_layernorm",
           f.reader().boolean("apply_residual_connection_post_layernorm", false),
           "a residual stream behind the norm is not supported for falcon");
  int64_t heads = c.num_attention_heads;
  int64_t given = f.size("num_kv_heads", {heads, heads});
  c.num_kv_heads = grouped ? given : multi_query ? 1 : heads;
  if (!grouped && !multi_query && given != heads)
    f.fail("num_kv_heads", "is not num_attention_heads", "change one of them, or use new_decoder_architecture");
  if (heads % c.num_kv_heads != 0)
    f.fail("num_attention_heads", "is not a multiple of num_kv_heads", "change one of them");
}

FalconConfig read(ConfigFields& f) {
  FalconConfig c{};
  c.vocab_size = f.size("vocab_size", {65024, {}, "it, or a tokenizer"});
  c.hidden_size = f.size("hidden_size", "n_embed", {4544, {}, "the width of the model"});
  c.num_hidden_layers = f.size("num_hidden_layers", {32, {}, "the number of layers"});
  c.num_attention_heads = f.size("num_attention_heads", {71, {}, "the number of heads"});
  c.head_dim = std::max<int64_t>(c.hidden_size / c.num_attention_heads, 1);
  c.ffn_hidden_size = f.size("ffn_hidden_size", {4 * c.hidden_size, 4 * c.hidden_size});
  c.max_position_embeddings = f.size("max_position_embeddings", {2048});
  c.layer_norm_epsilon = f.number("layer_norm_epsilon", 1e-5, 0, 1);
  c.initializer_range = f.number("initializer_range", 0.02, 0, 1);
  c.hidden_dropout = f.number("hidden_dropout", 0, 0, 0.99);
  c.attention_dropout = f.number("attention_dropout", 0, 0, 0.99);
  c.activation = f.activation("activation", "gelu");
  c.alibi = f.flag("alibi", false);
  c.bias = f.flag("bias", false);
  c.tie_word_embeddings = f.flag("tie_word_embeddings", true);
  read_form(f, c);
  c.rotary = f.rotary(c.head_dim, c.max_position_embeddings, 10000);
  // Falcon 2 says the ratio beside the size.
  if (f.has("ff_factor") && f.reader().integer("ff_factor", 4) * c.hidden_size != c.ffn_hidden_size)
    f.fail("ff_factor", "contradicts ffn_hidden_size", "give ffn_hidden_size alone");
  if (c.hidden_size % c.num_attention_heads != 0)
    f.fail("hidden_size", "is not a multiple of num_attention_heads", "change one of them");
  if (c.num_hidden_layers > kMostLayers) f.fail("num_hidden_layers", "is too large");
  return c;
}

template <typename Block>
Parts make_parts(const FalconConfig& c) {
  Parts parts;
  auto backbone = std::make_unique<Falcon<Block>>(parts.parameters, c);
  add_lm_head(parts, backbone->word_embeddings(), c.tie_word_embeddings, "lm_head", c.initializer_range);
  parts.backbone = std::move(backbone);
  parts.sizes = {c.vocab_size, c.hidden_size, c.num_hidden_layers, c.max_position_embeddings};
  parts.sizes.switch_length = c.alibi ? 0 : c.rotary.switch_length();
  return parts;
}

Parts make(ConfigFields& f, Task, int64_t) {
  FalconConfig c = read(f);
  if (f.failed()) return {};
  return c.parallel ? make_parts<nn::ParallelBlock<nn::Mlp>>(c) : make_parts<nn::PreNormBlock<nn::Mlp>>(c);
}

constexpr ModelClass kClasses[] = {{Task::kCausalLm, "FalconForCausalLM"}};
constexpr std::string_view kPrefixes[] = {"transformer."};
constexpr std::string_view kBuffers[] = {"rotary_emb.inv_freq"};
constexpr std::string_view kHeads[] = {"lm_head."};

constexpr GgufField kGgufFields[] = {{"hidden_size", "embedding_length"},
                                     {"ffn_hidden_size", "feed_forward_length"},
                                     {"num_hidden_layers", "block_count"},
                                     {"num_attention_heads", "attention.head_count"},
                                     {"num_kv_heads", "attention.head_count_kv"},
                                     {"max_position_embeddings", "context_length"},
                                     {"layer_norm_epsilon", "attention.layer_norm_epsilon"},
                                     {"rope_theta", "rope.freq_base"}};
constexpr GgufSwitch kGgufSwitches[] = {{"bias", "blk.0.attn_qkv.bias"}};
// The second norm there is that of attention. q, k and v stand one after the other, whatever the form.
constexpr GgufName kGgufNames[] = {{"transformer.word_embeddings.", "token_embd."},
                                   {"transformer.ln_f.", "output_norm."},
                                   {"lm_head.", "output."},
                                   {"transformer.h.", "blk."},
                                   {".input_layernorm.", ".attn_norm."},
                                   {".ln_attn.", ".attn_norm_2."},
                                   {".ln_mlp.", ".attn_norm."},
                                   {".self_attention.query_key_value.", ".attn_qkv."},
                                   {".self_attention.dense.", ".attn_output."},
                                   {".mlp.dense_h_to_4h.", ".ffn_up."},
                                   {".mlp.dense_4h_to_h.", ".ffn_down."}};
constexpr std::string_view kGgufInert[] = {"tensor_data_layout"};

// llama.cpp runs the parts side by side, with rotary positions; one head of keys or several in groups are the same there.
void derive_form(Json& config, const formats::Gguf& file) {
  config["new_decoder_architecture"] = true;
  config["num_ln_in_parallel_attn"] = file.tensor("blk.0.attn_norm_2.weight") ? 2 : 1;
}

constexpr GgufDialect kGguf{.architecture = "falcon",
                            .fields = kGgufFields,
                            .switches = kGgufSwitches,
                            .names = kGgufNames,
                            .inert = kGgufInert,
                            .derive = derive_form};

}  // namespace

extern const Family family{.model_type = "falcon",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kPrefixes,
                           .head_prefixes = kHeads,
                           .buffers = kBuffers,
                           .gguf = &kGguf};

}  // namespace malmoi::model::falcon
