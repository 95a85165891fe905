// GPT-2 (Radford et al. 2019): learned positions, layer norm before each part, one fused product for q, k and v.
#include <cmath>

#include "model/families/lm_head.h"
#include "model/score_head.h"
#include "nn/blocks.h"

namespace malmoi::model::gpt2 {
namespace {

struct Gpt2Config {
  int64_t vocab_size, n_positions, n_embd, n_layer, n_head, n_inner;
  double layer_norm_epsilon, initializer_range, resid_pdrop, embd_pdrop, attn_pdrop;
  kernels::Activation activation_function;
  bool scale_attn_weights, scale_attn_by_inverse_layer_idx, tie_word_embeddings;
  int32_t pad_token_id;
};

// The published files store matrices as [in, out].
constexpr nn::Layout kTransposed{nn::Layout::kTransposed};

class Gpt2 final : public Backbone {
 public:
  Gpt2(nn::ParameterSet& set, const Gpt2Config& c) : config_(c) {
    nn::Declare model(set, "transformer", c.initializer_range);
    wte_ = nn::embedding(model / "wte", {c.vocab_size, c.n_embd});
    wpe_ = nn::embedding(model / "wpe", {.rows = c.n_positions, .width = c.n_embd, .role = nn::Role::kPositions});
    for (int64_t i = 0; i < c.n_layer; ++i) layers_.push_back(make_layer(model / "h" / i, i));
    ln_f_ = make_norm(model / "ln_f");
  }

  Var forward(Context& context, const nn::Batch& batch) const override {
    autograd::BlockIo io{autograd::embedding(
        context, {{&**wte_, batch.ids.data()}, {&**wpe_, batch.positions.data()}},
        {.rows = batch.rows(), .dropout = static_cast<float>(config_.embd_pdrop)})};  // [rows, n_embd]
    for (int64_t i = 0; i < config_.n_layer; ++i)
      io = autograd::block<&Gpt2::layer>(context, *this, i, batch, std::move(io));
    return ln_f_(context, std::move(io.x), std::move(io.delta)).normed;
  }

  std::vector<nn::LayerState> states() const override {
    return std::vector<nn::LayerState>(static_cast<size_t>(config_.n_layer),
                                       {.key_width = config_.n_embd, .value_width = config_.n_embd});
  }

  nn::WeightSlot* wte() const { return wte_; }

 private:
  using Block = nn::PreNormBlock<nn::Mlp>;

  autograd::BlockIo layer(Context& context, int64_t index, const nn::Batch& batch, autograd::BlockIo io) const {
    return layers_[static_cast<size_t>(index)](context, batch, index, std::move(io));
  }

  nn::Norm make_norm(const nn::Declare& declare) const {
    return nn::norm(declare, {.width = config_.n_embd,
                              .layer = true,
                              .eps = config_.layer_norm_epsilon,
                              .bias = true,
                              .dropout = config_.resid_pdrop});
  }

  Block make_layer(const nn::Declare& layer, int64_t index) const {
    const Gpt2Config& c = config_;
    // Residual projections start smaller: the variance of their sum does not grow with depth (section 2.3).
    double residual_std = c.initializer_range / std::sqrt(2.0 * static_cast<double>(c.n_layer));
    int64_t head_dim = c.n_embd / c.n_head;
    double scale = c.scale_attn_weights ? 1 / std::sqrt(static_cast<double>(head_dim)) : 1;
    if (c.scale_attn_by_inverse_layer_idx) scale /= static_cast<double>(index + 1);
    Block block;
    block.attention_norm = make_norm(layer / "ln_1");
    block.attention = nn::SelfAttention(layer / "attn", {.width = c.n_embd,
                                                         .heads = c.n_head,
                                                         .kv_heads = c.n_head,
                                                         .head_dim = head_dim,
                                                         .scale = scale,
                                                         .dropout = c.attn_pdrop,
                                                         .bias = true,
                                                         .out_bias = true,
                                                         .out_std = residual_std,
                                                         .layout = kTransposed,
                                                         .names = {.out = "c_proj", .fused = "c_attn"}});
    block.mlp_norm = make_norm(layer / "ln_2");
    block.mlp = nn::mlp(layer / "mlp", {.width = c.n_embd,
                                        .inner = c.n_inner,
                                        .activation = c.activation_function,
                                        .bias = true,
                                        .out_std = residual_std,
                                        .in_name = "c_fc",
                                        .out_name = "c_proj",
                                        .layout = kTransposed});
    return block;
  }

  Gpt2Config config_;
  nn::WeightSlot* wte_ = nullptr;
  nn::WeightSlot* wpe_ = nullptr;
  std::vector<Block> layers_;
  nn::Norm ln_f_;
};

Parts make(ConfigFields& f, Task, int64_t labels) {
  Gpt2Config c{};
  c.vocab_size = f.size("vocab_size", {50257, {}, "it, or a tokenizer"});
  c.n_positions = f.size("n_positions", "max_position_embeddings", {1024});
  c.n_embd = f.size("n_embd", "hidden_size", {768, {}, "the width of the model"});
  c.n_layer = f.size("n_layer", "num_hidden_layers", {12, {}, "the number of layers"});
  c.n_head = f.size("n_head", "num_attention_heads", {12, {}, "the number of heads"});
  c.n_inner = f.size("n_inner", "intermediate_size", {4 * c.n_embd, 4 * c.n_embd});
  c.layer_norm_epsilon = f.number("layer_norm_epsilon", 1e-5, 0, 1);
  c.initializer_range = f.number("initializer_range", 0.02, 0, 1);
  c.resid_pdrop = f.number("resid_pdrop", 0.1, 0, 0.99);
  c.embd_pdrop = f.number("embd_pdrop", 0.1, 0, 0.99);
  c.attn_pdrop = f.number("attn_pdrop", 0.1, 0, 0.99);
  c.activation_function = f.activation("activation_function", "gelu_new");
  c.scale_attn_weights = f.flag("scale_attn_weights", true);
  c.scale_attn_by_inverse_layer_idx = f.flag("scale_attn_by_inverse_layer_idx", false);
  c.tie_word_embeddings = f.flag("tie_word_embeddings", true);
  c.pad_token_id = labels > 0 ? f.token_id("pad_token_id", c.vocab_size) : -1;  // words do not ask for it
  f.flag("reorder_and_upcast_attn", false);  // the same numbers: scores are f32 here always
  f.refuse("add_cross_attention", f.flag("add_cross_attention", false), "cross attention is not supported for gpt2");
  if (c.n_embd % c.n_head != 0)
    f.fail("n_head", "does not divide the width " + std::to_string(c.n_embd), "change n_head or n_embd");
  if (c.n_layer > kMostLayers) f.fail("n_layer", "is too large");
  Parts parts;
  if (f.failed()) return parts;
  auto backbone = std::make_unique<Gpt2>(parts.parameters, c);
  parts.sizes = {c.vocab_size, c.n_embd, c.n_layer, c.n_positions};
  if (labels > 0) add_score_head(parts, labels, c.pad_token_id, c.initializer_range);
  else add_lm_head(parts, backbone->wte(), c.tie_word_embeddings, "lm_head", c.initializer_range);
  parts.backbone = std::move(backbone);
  return parts;
}

constexpr ModelClass kClasses[] = {{Task::kCausalLm, "GPT2LMHeadModel"},
                                   {Task::kClassification, "GPT2ForSequenceClassification"}};
constexpr std::string_view kPrefixes[] = {"transformer."};
constexpr std::string_view kBuffers[] = {".attn.bias", ".attn.masked_bias"};
constexpr std::string_view kInert[] = {"n_ctx",
                                       "summary_type",
                                       "summary_use_proj",
                                       "summary_activation",
                                       "summary_proj_to_labels",
                                       "summary_first_dropout"};

constexpr GgufField kGgufFields[] = {
    {"n_embd", "embedding_length"},    {"n_inner", "feed_forward_length"},
    {"n_layer", "block_count"},        {"n_head", "attention.head_count"},
    {"n_positions", "context_length"}, {"layer_norm_epsilon", "attention.layer_norm_epsilon"}};
constexpr GgufName kGgufNames[] = {{"transformer.wte.", "token_embd."},
                                   {"transformer.wpe.", "position_embd."},
                                   {"transformer.ln_f.", "output_norm."},
                                   {"lm_head.", "output."},
                                   {"transformer.h.", "blk."},
                                   {".ln_1.", ".attn_norm."},
                                   {".attn.c_attn.", ".attn_qkv."},
                                   {".attn.c_proj.", ".attn_output."},
                                   {".ln_2.", ".ffn_norm."},
                                   {".mlp.c_fc.", ".ffn_up."},
                                   {".mlp.c_proj.", ".ffn_down."}};
constexpr GgufDialect kGguf{.architecture = "gpt2", .fields = kGgufFields, .names = kGgufNames};

}  // namespace

extern const Family family{.model_type = "gpt2",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kPrefixes,
                           .head_prefixes = kDecoderHeads,
                           .buffers = kBuffers,
                           .inert = kInert,
                           .gguf = &kGguf};

}  // namespace malmoi::model::gpt2
