// DistilBERT (Sanh et al. 2019): BERT with half of the layers, without token types and without a pooler.
#include <cmath>

#include "model/encoder_head.h"
#include "nn/blocks.h"

namespace malmoi::model::distilbert {
namespace {

constexpr double kNormEps = 1e-12;  // no field says it

struct DistilBertConfig {
  int64_t vocab_size, dim, n_layers, n_heads, hidden_dim, max_position_embeddings;
  double dropout, attention_dropout, initializer_range, qa_dropout, seq_classif_dropout;
  kernels::Activation activation;
  bool sinusoidal_pos_embds, tie_word_embeddings;
  int32_t pad_token_id;
};

// Sines and cosines of falling frequency, side by side: where positions start from.
void fill_sinusoids(int64_t dim, float* table, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    int64_t position = i / dim, j = i % dim;
    double angle =
        static_cast<double>(position) / std::pow(10000.0, static_cast<double>(2 * (j / 2)) / static_cast<double>(dim));
    table[i] = static_cast<float>(j % 2 == 0 ? std::sin(angle) : std::cos(angle));
  }
}

class DistilBert final : public Backbone {
 public:
  DistilBert(nn::ParameterSet& set, const DistilBertConfig& c) : config_(c) {
    nn::Declare model(set, "distilbert", c.initializer_range), embeddings = model / "embeddings";
    words_ = nn::embedding(embeddings / "word_embeddings", {c.vocab_size, c.dim});
    positions_ =
        nn::embedding(embeddings / "position_embeddings", {c.max_position_embeddings, c.dim, nn::Role::kPositions});
    if (c.sinusoidal_pos_embds)
      set.entries().back()->spec.init.fill = [dim = c.dim](uint64_t, float* table, int64_t n) {
        fill_sinusoids(dim, table, n);
      };
    embedding_norm_ = make_norm(embeddings / "LayerNorm", 0);
    for (int64_t i = 0; i < c.n_layers; ++i) layers_.push_back(make_layer(model / "transformer" / "layer" / i));
  }

  Var forward(Context& context, const nn::Batch& batch) const override {
    Var x = autograd::embedding(
        context, {{&**words_, batch.ids.data(), config_.pad_token_id}, {&**positions_, batch.positions.data()}},
        {.rows = batch.rows()});  // [rows, dim]
    x = embedding_norm_(context, std::move(x));
    autograd::BlockIo io{autograd::dropout(context, std::move(x), config_.dropout)};
    for (int64_t i = 0; i < config_.n_layers; ++i)
      io = autograd::block<&DistilBert::layer>(context, *this, i, batch, std::move(io));
    return std::move(io.x);
  }

  nn::WeightSlot* words() const { return words_; }

 private:
  using Block = nn::PostNormBlock<nn::Mlp>;

  autograd::BlockIo layer(Context& context, int64_t index, const nn::Batch& batch, autograd::BlockIo io) const {
    return layers_[static_cast<size_t>(index)](context, batch, index, std::move(io));
  }

  nn::Norm make_norm(const nn::Declare& declare, double dropout) const {
    return nn::norm(declare, {.width = config_.dim, .layer = true, .eps = kNormEps, .bias = true, .dropout = dropout});
  }

  Block make_layer(const nn::Declare& layer) const {
    const DistilBertConfig& c = config_;
    Block block;
    block.attention = nn::SelfAttention(layer / "attention", {.width = c.dim,
                                                              .heads = c.n_heads,
                                                              .kv_heads = c.n_heads,
                                                              .head_dim = c.dim / c.n_heads,
                                                              .dropout = c.attention_dropout,
                                                              .mask = {.causal = false},
                                                              .bias = true,
                                                              .out_bias = true,
                                                              .names = {"q_lin", "k_lin", "v_lin", "out_lin"}});
    block.attention_norm = make_norm(layer / "sa_layer_norm", 0);
    block.mlp = nn::mlp(layer / "ffn", {.width = c.dim,
                                        .inner = c.hidden_dim,
                                        .activation = c.activation,
                                        .bias = true,
                                        .in_name = "lin1",
                                        .out_name = "lin2"});
    block.mlp_norm = make_norm(layer / "output_layer_norm", c.dropout);
    return block;
  }

  DistilBertConfig config_;
  nn::WeightSlot* words_ = nullptr;
  nn::WeightSlot* positions_ = nullptr;
  nn::Norm embedding_norm_;
  std::vector<Block> layers_;
};

EncoderHeadSpec head_of(const DistilBertConfig& c, Task task, int64_t labels, nn::WeightSlot* words) {
  if (task == Task::kMaskedLm)
    return {.dense = "vocab_transform",
            .activation = c.activation,
            .norm = "vocab_layer_norm",
            .norm_spec = {.layer = true, .eps = kNormEps, .bias = true},
            .output = "vocab_projector",
            .outputs = c.vocab_size,
            .words = c.tie_word_embeddings ? words : nullptr,
            .std = c.initializer_range};
  if (task == Task::kClassification)
    return {.pooling = Pooling::kFirst,
            .dense = "pre_classifier",
            .activation = kernels::Activation::kRelu,
            .output_dropout = c.seq_classif_dropout,
            .output = "classifier",
            .outputs = labels,
            .std = c.initializer_range};
  return token_head(task, labels, task == Task::kQuestionAnswering ? c.qa_dropout : c.dropout, c.initializer_range);
}

DistilBertConfig read(ConfigFields& f) {
  DistilBertConfig c{};
  c.vocab_size = f.size("vocab_size", {30522, {}, "it, or a tokenizer"});
  c.dim = f.size("dim", "hidden_size", {768, {}, "the width of the model"});
  c.n_layers = f.size("n_layers", "num_hidden_layers", {6, {}, "the number of layers"});
  c.n_heads = f.size("n_heads", "num_attention_heads", {12, {}, "the number of heads"});
  c.hidden_dim = f.size("hidden_dim", {3072, 4 * c.dim});
  c.max_position_embeddings = f.size("max_position_embeddings", {512});
  c.dropout = f.number("dropout", 0.1, 0, 0.99);
  c.attention_dropout = f.number("attention_dropout", 0.1, 0, 0.99);
  c.initializer_range = f.number("initializer_range", 0.02, 0, 1);
  c.qa_dropout = f.number("qa_dropout", 0.1, 0, 0.99);
  c.seq_classif_dropout = f.number("seq_classif_dropout", 0.2, 0, 0.99);
  c.activation = f.activation("activation", "gelu");
  c.sinusoidal_pos_embds = f.flag("sinusoidal_pos_embds", false);
  c.pad_token_id = f.token_id("pad_token_id", c.vocab_size, f.training() ? -1 : 0);
  c.tie_word_embeddings = f.flag("tie_word_embeddings", true);
  if (c.dim % c.n_heads != 0) f.fail("dim", "is not a multiple of n_heads", "change one of them");
  if (c.n_layers > kMostLayers) f.fail("n_layers", "is too large");
  return c;
}

Parts make(ConfigFields& f, Task task, int64_t labels) {
  DistilBertConfig c = read(f);
  Parts parts;
  if (f.failed()) return parts;
  auto backbone = std::make_unique<DistilBert>(parts.parameters, c);
  nn::WeightSlot* words = backbone->words();
  parts.backbone = std::move(backbone);
  parts.sizes = {c.vocab_size, c.dim, c.n_layers, c.max_position_embeddings};
  parts.pad_token_id = c.pad_token_id;
  if (task != Task::kFeatures) add_encoder_head(parts, head_of(c, task, labels, words));
  return parts;
}

constexpr ModelClass kClasses[] = {{Task::kMaskedLm, "DistilBertForMaskedLM"},
                                   {Task::kClassification, "DistilBertForSequenceClassification"},
                                   {Task::kTokenClassification, "DistilBertForTokenClassification"},
                                   {Task::kQuestionAnswering, "DistilBertForQuestionAnswering"},
                                   {Task::kFeatures, "DistilBertModel"}};
constexpr std::string_view kPrefixes[] = {"distilbert."};
constexpr std::string_view kBuffers[] = {"embeddings.position_ids"};
constexpr std::string_view kHeads[] = {"vocab_transform.", "vocab_layer_norm.", "vocab_projector.",
                                       "pre_classifier.",  "classifier.",       "qa_outputs."};
constexpr std::string_view kInert[] = {"tie_weights_", "output_past"};

}  // namespace

extern const Family family{.model_type = "distilbert",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kPrefixes,
                           .head_prefixes = kHeads,
                           .buffers = kBuffers,
                           .inert = kInert};

}  // namespace malmoi::model::distilbert
