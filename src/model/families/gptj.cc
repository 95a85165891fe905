// GPT-J (Wang & Komatsuzaki 2021): attention and feed-forward part side by side behind one layer norm, rotary pairs that are
// neighbours, an output projection with a bias.
#include <algorithm>

#include "model/families/lm_head.h"
#include "nn/blocks.h"

namespace malmoi::model::gptj {
namespace {

struct GptjConfig {
  int64_t vocab_size, n_positions, n_embd, n_layer, n_head, n_inner, head_dim;
  double layer_norm_epsilon, initializer_range, resid_pdrop, embd_pdrop, attn_pdrop;
  kernels::Activation activation_function;
  bool tie_word_embeddings;
  nn::RotaryConfig rotary;
};

class Gptj final : public Backbone {
 public:
  Gptj(nn::ParameterSet& set, const GptjConfig& c) : config_(c), rotary_(c.rotary) {
    nn::Declare model(set, "transformer", c.initializer_range);
    wte_ = nn::embedding(model / "wte", {c.vocab_size, c.n_embd});
    for (int64_t i = 0; i < c.n_layer; ++i) layers_.push_back(make_layer(model / "h" / i));
    ln_f_ = make_norm(model / "ln_f");
  }

  Var forward(Context& context, const nn::Batch& batch) const override {
    rotary_.prepare(batch.max_position);
    autograd::BlockIo io{autograd::embedding(
        context, {{&**wte_, batch.ids.data()}},
        {.rows = batch.rows(), .dropout = static_cast<float>(config_.embd_pdrop)})};  // [rows, n_embd]
    for (int64_t i = 0; i < config_.n_layer; ++i)
      io = autograd::block<&Gptj::layer>(context, *this, i, batch, std::move(io));
    return ln_f_(context, std::move(io.x), std::move(io.delta)).normed;
  }

  std::vector<nn::LayerState> states() const override {
    return std::vector<nn::LayerState>(static_cast<size_t>(config_.n_layer),
                                       {.key_width = config_.n_embd, .value_width = config_.n_embd});
  }

  nn::WeightSlot* wte() const { return wte_; }

 private:
  using Block = nn::ParallelBlock<nn::Mlp>;

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

  Block make_layer(const nn::Declare& layer) {
    const GptjConfig& c = config_;
    Block block;
    block.attention_norm = make_norm(layer / "ln_1");
    block.attention = nn::SelfAttention(layer / "attn", {.width = c.n_embd,
                                                         .heads = c.n_head,
                                                         .kv_heads = c.n_head,
                                                         .head_dim = c.head_dim,
                                                         .dropout = c.attn_pdrop,
                                                         .names = {.out = "out_proj"},
                                                         .rotary = &rotary_});
    block.mlp = nn::mlp(layer / "mlp", {.width = c.n_embd,
                                        .inner = c.n_inner,
                                        .activation = c.activation_function,
                                        .bias = true,
                                        .in_name = "fc_in",
                                        .out_name = "fc_out"});
    return block;
  }

  GptjConfig config_;
  mutable nn::Rotary rotary_;
  nn::WeightSlot* wte_ = nullptr;
  std::vector<Block> layers_;
  nn::Norm ln_f_;
};

// So many first dimensions of each head are rotated, on a base that no field says.
nn::RotaryConfig read_rotary(ConfigFields& f, const GptjConfig& c) {
  f.refuse("rotary_dim", f.reader().present("rotary_dim") && !f.has("rotary_dim"),
           "null, which rotates more dimensions than a head has, is not supported");
  int64_t dim = f.size("rotary_dim", {64, c.head_dim / 2 * 2});
  if (dim > c.head_dim || dim % 2 != 0)
    f.fail("rotary_dim", "is " + std::to_string(dim) + " for heads of " + std::to_string(c.head_dim),
           "use an even number up to that");
  return {.rotary_dim = dim, .interleaved = true, .max_position_embeddings = c.n_positions};
}

GptjConfig read(ConfigFields& f) {
  GptjConfig c{};
  c.vocab_size = f.size("vocab_size", {50400, {}, "it, or a tokenizer"});
  c.n_positions = f.size("n_positions", "max_position_embeddings", {2048});
  c.n_embd = f.size("n_embd", "hidden_size", {4096, {}, "the width of the model"});
  c.n_layer = f.size("n_layer", "num_hidden_layers", {28, {}, "the number of layers"});
  c.n_head = f.size("n_head", "num_attention_heads", {16, {}, "the number of heads"});
  c.n_inner = f.size("n_inner", {4 * c.n_embd, 4 * c.n_embd});
  c.head_dim = std::max<int64_t>(c.n_embd / c.n_head, 1);
  c.layer_norm_epsilon = f.number("layer_norm_epsilon", 1e-5, 0, 1);
  c.initializer_range = f.number("initializer_range", 0.02, 0, 1);
  c.resid_pdrop = f.number("resid_pdrop", 0, 0, 0.99);
  c.embd_pdrop = f.number("embd_pdrop", 0, 0, 0.99);
  c.attn_pdrop = f.number("attn_pdrop", 0, 0, 0.99);
  c.activation_function = f.activation("activation_function", "gelu_new");
  c.tie_word_embeddings = f.flag("tie_word_embeddings", false);
  c.rotary = read_rotary(f, c);
  // Published beside the others; the reference reads neither.
  f.refuse("rotary", !f.reader().boolean("rotary", true),
           "positions other than rotary ones are not supported for gptj");
  f.refuse("scale_attn_weights", !f.reader().boolean("scale_attn_weights", true),
           "unscaled scores are not supported for gptj");
  if (c.n_embd % c.n_head != 0) f.fail("n_embd", "is not a multiple of n_head", "change one of them");
  if (c.n_layer > kMostLayers) f.fail("n_layer", "is too large");
  return c;
}

Parts make(ConfigFields& f, Task, int64_t) {
  GptjConfig c = read(f);
  Parts parts;
  if (f.failed()) return parts;
  auto backbone = std::make_unique<Gptj>(parts.parameters, c);
  add_lm_head(parts, backbone->wte(), c.tie_word_embeddings, "lm_head", c.initializer_range);
  add_lm_head_bias(parts, "lm_head");
  parts.backbone = std::move(backbone);
  parts.sizes = {c.vocab_size, c.n_embd, c.n_layer, c.n_positions};
  return parts;
}

constexpr ModelClass kClasses[] = {{Task::kCausalLm, "GPTJForCausalLM"}};
constexpr std::string_view kPrefixes[] = {"transformer."};
constexpr std::string_view kBuffers[] = {".attn.bias", ".attn.masked_bias", ".attn.embed_positions"};
constexpr std::string_view kInert[] = {"n_ctx",
                                       "summary_type",
                                       "summary_use_proj",
                                       "summary_activation",
                                       "summary_proj_to_labels",
                                       "summary_first_dropout"};
constexpr std::string_view kHeads[] = {"lm_head."};

}  // namespace

extern const Family family{.model_type = "gptj",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kPrefixes,
                           .head_prefixes = kHeads,
                           .buffers = kBuffers,
                           .inert = kInert};

}  // namespace malmoi::model::gptj
