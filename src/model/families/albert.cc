// ALBERT (Lan et al. 2020): one layer, or a few, that all depths share, over narrower embeddings.
#include "model/encoder_head.h"
#include "nn/blocks.h"

namespace malmoi::model::albert {
namespace {

struct AlbertConfig {
  int64_t vocab_size, embedding_size, hidden_size, num_hidden_layers, num_hidden_groups, inner_group_num,
      num_attention_heads, intermediate_size, max_position_embeddings, type_vocab_size;
  double layer_norm_eps, initializer_range, hidden_dropout_prob, attention_probs_dropout_prob, classifier_dropout_prob;
  kernels::Activation hidden_act;
  int32_t pad_token_id;
  bool tie_word_embeddings;
};

nn::NormSpec norm_of(const AlbertConfig& c, int64_t width) {
  return {.width = width, .layer = true, .eps = c.layer_norm_eps, .bias = true};
}

class Albert final : public Backbone {
 public:
  Albert(nn::ParameterSet& set, const AlbertConfig& c) : config_(c) {
    nn::Declare model(set, "albert", c.initializer_range), embeddings = model / "embeddings";
    words_ = nn::embedding(embeddings / "word_embeddings", {c.vocab_size, c.embedding_size});
    positions_ = nn::embedding(embeddings / "position_embeddings",
                               {c.max_position_embeddings, c.embedding_size, nn::Role::kPositions});
    types_ = nn::embedding(embeddings / "token_type_embeddings",
                           {c.type_vocab_size, c.embedding_size, nn::Role::kPositions});
    embedding_norm_ = nn::norm(embeddings / "LayerNorm", norm_of(c, c.embedding_size));
    nn::Declare encoder = model / "encoder";
    projection_ = nn::linear(encoder / "embedding_hidden_mapping_in",
                             {.in = c.embedding_size, .out = c.hidden_size, .bias = true});
    for (int64_t g = 0; g < c.num_hidden_groups; ++g) {
      for (int64_t i = 0; i < c.inner_group_num; ++i)
        layers_.push_back(make_layer(encoder / "albert_layer_groups" / g / "albert_layers" / i));
    }
  }

  Var forward(Context& context, const nn::Batch& batch) const override {
    Var x = autograd::embedding(context,
                                {{&**words_, batch.ids.data(), config_.pad_token_id},
                                 {&**positions_, batch.positions.data()},
                                 {&**types_, batch.token_types.data()}},
                                {.rows = batch.rows()});  // [rows, embedding_size]
    x = autograd::dropout(context, embedding_norm_(context, std::move(x)), config_.hidden_dropout_prob);
    autograd::BlockIo io{projection_(context, std::move(x))};  // [rows, hidden_size]
    for (int64_t depth = 0; depth < config_.num_hidden_layers; ++depth) {
      auto depths_of_a_group = static_cast<double>(config_.num_hidden_layers) /
                               static_cast<double>(config_.num_hidden_groups);  // rounds as the reference does
      auto group = static_cast<int64_t>(static_cast<double>(depth) / depths_of_a_group);
      for (int64_t i = 0; i < config_.inner_group_num; ++i)
        io = autograd::block<&Albert::layer>(context, *this, group * config_.inner_group_num + i, batch, std::move(io));
    }
    return std::move(io.x);
  }

  nn::WeightSlot* words() const { return words_; }

 private:
  using Block = nn::PostNormBlock<nn::Mlp>;

  autograd::BlockIo layer(Context& context, int64_t index, const nn::Batch& batch, autograd::BlockIo io) const {
    return layers_[static_cast<size_t>(index)](context, batch, index, std::move(io));
  }

  Block make_layer(const nn::Declare& layer) const {
    const AlbertConfig& c = config_;
    nn::Declare attention = layer / "attention";
    nn::NormSpec attention_norm = norm_of(c, c.hidden_size);
    attention_norm.dropout = c.hidden_dropout_prob;
    Block block;
    block.attention = nn::SelfAttention(attention, {.width = c.hidden_size,
                                                    .heads = c.num_attention_heads,
                                                    .kv_heads = c.num_attention_heads,
                                                    .head_dim = c.hidden_size / c.num_attention_heads,
                                                    .dropout = c.attention_probs_dropout_prob,
                                                    .mask = {.causal = false},
                                                    .bias = true,
                                                    .out_bias = true,
                                                    .names = {"query", "key", "value", "dense"}});
    block.attention_norm = nn::norm(attention / "LayerNorm", attention_norm);
    block.mlp = nn::mlp(layer, {.width = c.hidden_size,
                                .inner = c.intermediate_size,
                                .activation = c.hidden_act,
                                .bias = true,
                                .in_name = "ffn",
                                .out_name = "ffn_output"});
    block.mlp_norm = nn::norm(layer / "full_layer_layer_norm", norm_of(c, c.hidden_size));
    return block;
  }

  AlbertConfig config_;
  nn::WeightSlot* words_ = nullptr;
  nn::WeightSlot* positions_ = nullptr;
  nn::WeightSlot* types_ = nullptr;
  nn::Norm embedding_norm_;
  nn::Linear projection_;
  std::vector<Block> layers_;  // of group 0, of group 1 ...
};

EncoderHeadSpec head_of(const AlbertConfig& c, Task task, int64_t labels, nn::WeightSlot* words) {
  if (task == Task::kMaskedLm)
    return {.dense = "predictions.dense",
            .dense_width = c.embedding_size,
            .activation = c.hidden_act,
            .norm = "predictions.LayerNorm",
            .norm_spec = norm_of(c, c.embedding_size),
            .output = "predictions.decoder",
            .outputs = c.vocab_size,
            .tied_bias = "predictions.bias",
            .words = c.tie_word_embeddings ? words : nullptr,
            .std = c.initializer_range};
  if (task == Task::kClassification)
    return {.pooling = Pooling::kFirst,
            .dense = "albert.pooler",
            .activation = kernels::Activation::kTanh,
            .output_dropout = c.classifier_dropout_prob,
            .output = "classifier",
            .outputs = labels,
            .std = c.initializer_range};
  return token_head(task, labels, task == Task::kQuestionAnswering ? 0 : c.classifier_dropout_prob,
                    c.initializer_range);
}

AlbertConfig read(ConfigFields& f) {
  AlbertConfig c{};
  c.vocab_size = f.size("vocab_size", {30000, {}, "it, or a tokenizer"});
  c.hidden_size = f.size("hidden_size", {4096, {}, "the width of the model"});
  c.embedding_size = f.size("embedding_size", {128, std::min<int64_t>(128, c.hidden_size)});
  c.num_hidden_layers = f.size("num_hidden_layers", {12, {}, "the number of layers"});
  c.num_hidden_groups = f.size("num_hidden_groups", {1, 1});
  c.inner_group_num = f.size("inner_group_num", {1, 1});
  c.num_attention_heads = f.size("num_attention_heads", {64, {}, "the number of heads"});
  c.intermediate_size = f.size("intermediate_size", {16384, 4 * c.hidden_size});
  c.max_position_embeddings = f.size("max_position_embeddings", {512});
  c.type_vocab_size = f.size("type_vocab_size", {2, 2});
  c.layer_norm_eps = f.number("layer_norm_eps", 1e-12, 0, 1);
  c.initializer_range = f.number("initializer_range", 0.02, 0, 1);
  c.hidden_dropout_prob = f.number("hidden_dropout_prob", 0, 0, 0.99);
  c.attention_probs_dropout_prob = f.number("attention_probs_dropout_prob", 0, 0, 0.99);
  c.classifier_dropout_prob = f.number("classifier_dropout_prob", 0.1, 0, 0.99);
  c.hidden_act = f.activation("hidden_act", "gelu_new");
  c.pad_token_id = f.token_id("pad_token_id", c.vocab_size, f.training() ? -1 : 0);
  c.tie_word_embeddings = f.flag("tie_word_embeddings", true);
  std::string positions = f.text("position_embedding_type", "absolute");
  f.refuse("position_embedding_type", positions != "absolute", "'" + positions + "' is not supported for albert");
  if (c.hidden_size % c.num_attention_heads != 0)
    f.fail("hidden_size", "is not a multiple of num_attention_heads", "change one of them");
  if (c.num_hidden_groups > c.num_hidden_layers)
    f.fail("num_hidden_groups", "is more than num_hidden_layers: some layers would never run", "make it smaller");
  if (c.num_hidden_layers > kMostLayers || c.inner_group_num > kMostLayers) f.fail("num_hidden_layers", "is too large");
  return c;
}

Parts make(ConfigFields& f, Task task, int64_t labels) {
  AlbertConfig c = read(f);
  Parts parts;
  if (f.failed()) return parts;
  auto backbone = std::make_unique<Albert>(parts.parameters, c);
  nn::WeightSlot* words = backbone->words();
  parts.backbone = std::move(backbone);
  parts.sizes = {c.vocab_size, c.hidden_size, c.num_hidden_layers, c.max_position_embeddings, c.type_vocab_size};
  parts.pad_token_id = c.pad_token_id;
  if (task != Task::kFeatures) add_encoder_head(parts, head_of(c, task, labels, words));
  return parts;
}

constexpr ModelClass kClasses[] = {{Task::kMaskedLm, "AlbertForMaskedLM"},
                                   {Task::kClassification, "AlbertForSequenceClassification"},
                                   {Task::kTokenClassification, "AlbertForTokenClassification"},
                                   {Task::kQuestionAnswering, "AlbertForQuestionAnswering"},
                                   {Task::kFeatures, "AlbertModel"},
                                   {Task::kMaskedLm, "AlbertForPreTraining"}};
constexpr std::string_view kPrefixes[] = {"albert."};
constexpr Family::Alias kAliases[] = {{"predictions.decoder.bias", "predictions.bias"}};
constexpr std::string_view kBuffers[] = {"embeddings.position_ids"};
constexpr std::string_view kPooler[] = {"pooler."};
constexpr std::string_view kHeads[] = {"predictions.", "sop_classifier.", "albert.pooler.",
                                       "pooler.",      "classifier.",     "qa_outputs."};
// Of the original code; no model that was published uses them.
constexpr std::string_view kInert[] = {"down_scale_factor", "gap_size", "net_structure_type", "num_memory_blocks",
                                       "output_past"};

}  // namespace

extern const Family family{.model_type = "albert",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kPrefixes,
                           .aliases = kAliases,
                           .head_prefixes = kHeads,
                           .unread_parts = kPooler,
                           .buffers = kBuffers,
                           .inert = kInert};

}  // namespace malmoi::model::albert
