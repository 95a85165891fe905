// GPT-NeoX (Black et al. 2022): attention and feed-forward part side by side, rotary positions on a part of each head.
#include "model/families/lm_head.h"
#include "nn/blocks.h"

namespace malmoi::model::gpt_neox {
namespace {

struct NeoxConfig {
  int64_t vocab_size, hidden_size, num_hidden_layers, num_attention_heads, intermediate_size, max_position_embeddings;
  double layer_norm_eps, initializer_range, attention_dropout, hidden_dropout;
  kernels::Activation hidden_act;
  bool attention_bias, tie_word_embeddings;
  nn::RotaryConfig rotary;
};

class Neox final : public Backbone {
 public:
  Neox(nn::ParameterSet& set, const NeoxConfig& c) : config_(c), rotary_(c.rotary) {
    nn::Declare model(set, "gpt_neox", c.initializer_range);
    embed_in_ = nn::embedding(model / "embed_in", {c.vocab_size, c.hidden_size});
    for (int64_t i = 0; i < c.num_hidden_layers; ++i) layers_.push_back(make_layer(model / "layers" / i));
    norm_ = make_norm(model / "final_layer_norm");
  }

  Var forward(Context& context, const nn::Batch& batch) const override {
    rotary_.prepare(batch.max_position);
    autograd::BlockIo io{autograd::embedding(
        context, {{&**embed_in_, batch.ids.data()}},
        {.rows = batch.rows(), .dropout = static_cast<float>(config_.hidden_dropout)})};  // [rows, hidden_size]
    for (int64_t i = 0; i < config_.num_hidden_layers; ++i)
      io = autograd::block<&Neox::layer>(context, *this, i, batch, std::move(io));
    return norm_(context, std::move(io.x), std::move(io.delta)).normed;
  }

  std::vector<nn::LayerState> states() const override {
    return std::vector<nn::LayerState>(static_cast<size_t>(config_.num_hidden_layers),
                                       {.key_width = config_.hidden_size, .value_width = config_.hidden_size});
  }

  nn::WeightSlot* embed_in() const { return embed_in_; }

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
                              .dropout = config_.hidden_dropout});
  }

  Block make_layer(const nn::Declare& layer) {
    const NeoxConfig& c = config_;
    Block block;
    block.attention_norm = make_norm(layer / "input_layernorm");
    block.mlp_norm = make_norm(layer / "post_attention_layernorm");
    block.attention =
        nn::SelfAttention(layer / "attention", {.width = c.hidden_size,
                                                .heads = c.num_attention_heads,
                                                .kv_heads = c.num_attention_heads,
                                                .head_dim = c.hidden_size / c.num_attention_heads,
                                                .dropout = c.attention_dropout,
                                                .bias = c.attention_bias,
                                                .out_bias = c.attention_bias,
                                                .layout = {nn::Layout::kHeadsInterleaved, c.num_attention_heads},
                                                .names = {.out = "dense", .fused = "query_key_value"},
                                                .rotary = &rotary_});
    block.mlp = nn::mlp(layer / "mlp", {.width = c.hidden_size,
                                        .inner = c.intermediate_size,
                                        .activation = c.hidden_act,
                                        .bias = true,
                                        .in_name = "dense_h_to_4h",
                                        .out_name = "dense_4h_to_h"});
    return block;
  }

  NeoxConfig config_;
  mutable nn::Rotary rotary_;
  nn::WeightSlot* embed_in_ = nullptr;
  std::vector<Block> layers_;
  nn::Norm norm_;
};

Parts make(ConfigFields& f, Task, int64_t) {
  NeoxConfig c{};
  c.vocab_size = f.size("vocab_size", {50432, {}, "it, or a tokenizer"});
  c.hidden_size = f.size("hidden_size", {6144, {}, "the width of the model"});
  c.num_hidden_layers = f.size("num_hidden_layers", {44, {}, "the number of layers"});
  c.num_attention_heads = f.size("num_attention_heads", {64, {}, "the number of heads"});
  c.intermediate_size = f.size("intermediate_size", {24576, 4 * c.hidden_size});
  c.max_position_embeddings = f.size("max_position_embeddings", {2048});
  c.layer_norm_eps = f.number("layer_norm_eps", 1e-5, 0, 1);
  c.initializer_range = f.number("initializer_range", 0.02, 0, 1);
  c.attention_dropout = f.number("attention_dropout", 0, 0, 0.99);
  c.hidden_dropout = f.number("hidden_dropout", 0, 0, 0.99);
  c.hidden_act = f.activation("hidden_act", "gelu");
  c.attention_bias = f.flag("attention_bias", true);
  c.tie_word_embeddings = f.flag("tie_word_embeddings", false);
  f.refuse("use_parallel_residual", !f.flag("use_parallel_residual", true),
           "one part after the other is not supported for gpt_neox");
  int64_t head_dim = std::max<int64_t>(c.hidden_size / c.num_attention_heads, 1);
  // The older names of the share of each head that is rotated, and of the base.
  c.rotary = f.rotary(head_dim, c.max_position_embeddings, f.number("rotary_emb_base", 10000, 1, 1e12),
                      f.number("rotary_pct", 0.25, 0, 1));
  if (c.hidden_size % c.num_attention_heads != 0)
    f.fail("hidden_size", "is not a multiple of num_attention_heads", "change one of them");
  if (c.num_hidden_layers > kMostLayers) f.fail("num_hidden_layers", "is too large");
  Parts parts;
  if (f.failed()) return parts;
  auto backbone = std::make_unique<Neox>(parts.parameters, c);
  add_lm_head(parts, backbone->embed_in(), c.tie_word_embeddings, "embed_out", c.initializer_range);
  parts.backbone = std::move(backbone);
  parts.sizes = {c.vocab_size, c.hidden_size, c.num_hidden_layers, c.max_position_embeddings};
  parts.sizes.switch_length = c.rotary.switch_length();
  return parts;
}

constexpr ModelClass kClasses[] = {{Task::kCausalLm, "GPTNeoXForCausalLM"}};
constexpr std::string_view kPrefixes[] = {"gpt_neox."};
constexpr std::string_view kBuffers[] = {".attention.bias", ".attention.masked_bias", "rotary_emb.inv_freq"};
constexpr std::string_view kInert[] = {"classifier_dropout", "is_decoder"};
constexpr std::string_view kHeads[] = {"embed_out."};

constexpr GgufField kGgufFields[] = {{"hidden_size", "embedding_length"},
                                     {"intermediate_size", "feed_forward_length"},
                                     {"num_hidden_layers", "block_count"},
                                     {"num_attention_heads", "attention.head_count"},
                                     {"max_position_embeddings", "context_length"},
                                     {"layer_norm_eps", "attention.layer_norm_epsilon"},
                                     {"use_parallel_residual", "use_parallel_residual"},
                                     {"rotary_emb_base", "rope.freq_base"}};
constexpr GgufName kGgufNames[] = {{"gpt_neox.embed_in.", "token_embd."},
                                   {"gpt_neox.final_layer_norm.", "output_norm."},
                                   {"embed_out.", "output."},
                                   {"gpt_neox.layers.", "blk."},
                                   {".input_layernorm.", ".attn_norm."},
                                   {".post_attention_layernorm.", ".ffn_norm."},
                                   {".attention.query_key_value.", ".attn_qkv."},
                                   {".attention.dense.", ".attn_output."},
                                   {".mlp.dense_h_to_4h.", ".ffn_up."},
                                   {".mlp.dense_4h_to_h.", ".ffn_down."}};
// Files without rope.dimension_count rotate whole heads.
constexpr GgufDialect kGguf{.architecture = "gptneox",
                            .fields = kGgufFields,
                            .names = kGgufNames,
                            .rotary_share = "rotary_pct",
                            .derive = [](Json& config, const formats::Gguf&) {
                              if (!config.contains("rotary_pct")) config["rotary_pct"] = 1;
                            }};

}  // namespace

extern const Family family{.model_type = "gpt_neox",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kPrefixes,
                           .head_prefixes = kHeads,
                           .buffers = kBuffers,
                           .inert = kInert,
                           .gguf = &kGguf};

}  // namespace malmoi::model::gpt_neox
