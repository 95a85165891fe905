// BERT (Devlin et al. 2019): an encoder that reads a text in both directions, with a norm behind each sum.
#include "model/family.h"
#include "nn/blocks.h"

namespace malmoi::model {
namespace {

struct BertConfig {
  int64_t vocab_size, hidden_size, num_hidden_layers, num_attention_heads, intermediate_size, max_position_embeddings,
      type_vocab_size;
  double layer_norm_eps, initializer_range, hidden_dropout_prob, attention_probs_dropout_prob, classifier_dropout;
  kernels::Activation hidden_act;
  int32_t pad_token_id;
  bool tie_word_embeddings;
};

nn::Norm make_norm(const nn::Declare& declare, const BertConfig& c) {
  return nn::norm(
      declare,
      {.width = c.hidden_size, .layer = true, .eps = c.layer_norm_eps, .bias = true, .dropout = c.hidden_dropout_prob});
}

class Bert final : public Backbone {
 public:
  Bert(nn::ParameterSet& set, const BertConfig& c) : config_(c) {
    nn::Declare model(set, "bert", c.initializer_range), embeddings = model / "embeddings";
    words_ = nn::embedding(embeddings / "word_embeddings", {c.vocab_size, c.hidden_size});
    positions_ = nn::embedding(embeddings / "position_embeddings",
                               {c.max_position_embeddings, c.hidden_size, nn::Role::kPositions});
    types_ =
        nn::embedding(embeddings / "token_type_embeddings", {c.type_vocab_size, c.hidden_size, nn::Role::kPositions});
    embedding_norm_ = make_norm(embeddings / "LayerNorm", c);
    for (int64_t i = 0; i < c.num_hidden_layers; ++i) layers_.push_back(make_layer(model / "encoder" / "layer" / i));
  }

  Var forward(Context& context, const nn::Batch& batch) const override {
    Var x = autograd::embedding(context,
                                {{&**words_, batch.ids.data(), config_.pad_token_id},
                                 {&**positions_, batch.positions.data()},
                                 {&**types_, batch.token_types.data()}},
                                {.rows = batch.rows()});  // [rows, hidden_size]
    x = embedding_norm_(context, std::move(x));
    autograd::BlockIo io{autograd::dropout(context, std::move(x), config_.hidden_dropout_prob)};
    for (int64_t i = 0; i < config_.num_hidden_layers; ++i)
      io = autograd::block<&Bert::layer>(context, *this, i, batch, std::move(io));
    return std::move(io.x);
  }

  nn::WeightSlot* words() const { return words_; }

 private:
  using Block = nn::PostNormBlock<nn::Mlp>;

  autograd::BlockIo layer(Context& context, int64_t index, const nn::Batch& batch, autograd::BlockIo io) const {
    return layers_[static_cast<size_t>(index)](context, batch, index, std::move(io));
  }

  Block make_layer(const nn::Declare& layer) const {
    const BertConfig& c = config_;
    nn::Declare attention = layer / "attention";
    Block block;
    block.attention = nn::SelfAttention(attention, {.width = c.hidden_size,
                                                    .heads = c.num_attention_heads,
                                                    .kv_heads = c.num_attention_heads,
                                                    .head_dim = c.hidden_size / c.num_attention_heads,
                                                    .dropout = c.attention_probs_dropout_prob,
                                                    .mask = {.causal = false},
                                                    .bias = true,
                                                    .out_bias = true,
                                                    .names = {"self.query", "self.key", "self.value", "output.dense"}});
    block.attention_norm = make_norm(attention / "output" / "LayerNorm", c);
    block.mlp = nn::mlp(layer, {.width = c.hidden_size,
                                .inner = c.intermediate_size,
                                .activation = c.hidden_act,
                                .bias = true,
                                .in_name = "intermediate.dense",
                                .out_name = "output.dense"});
    block.mlp_norm = make_norm(layer / "output" / "LayerNorm", c);
    return block;
  }

  BertConfig config_;
  nn::WeightSlot* words_ = nullptr;
  nn::WeightSlot* positions_ = nullptr;
  nn::WeightSlot* types_ = nullptr;
  nn::Norm embedding_norm_;
  std::vector<Block> layers_;
};

// A dense layer, an activation and a norm before the table of words is asked for the masked ones.
class MaskedLmHead final : public Head {
 public:
  MaskedLmHead(nn::ParameterSet& set, const BertConfig& c, nn::WeightSlot* words) : activation_(c.hidden_act) {
    nn::Declare predictions(set, "cls.predictions", c.initializer_range), transform = predictions / "transform";
    dense_ = nn::linear(transform / "dense", {.in = c.hidden_size, .out = c.hidden_size, .bias = true});
    norm_ = make_norm(transform / "LayerNorm", c);
    weight = c.tie_word_embeddings ? words
                                   : nn::linear(predictions / "decoder",
                                                {.in = c.hidden_size, .out = c.vocab_size, .role = nn::Role::kHead})
                                         .weight;
    bias = set.add({.name = "cls.predictions.bias", .shape = {c.vocab_size}});
  }
  Var features(Context& context, Var hidden, const nn::Batch&) const override {
    return norm_(context, autograd::activation(context, dense_(context, std::move(hidden)), activation_));
  }

 private:
  nn::Linear dense_;
  nn::Norm norm_;
  kernels::Activation activation_;
};

// The pooler (tanh of a dense layer over each text's first token) and one number for each label.
class ClassificationHead final : public Head {
 public:
  ClassificationHead(nn::ParameterSet& set, const BertConfig& c, int64_t labels) : dropout_(c.classifier_dropout) {
    pooler_ = nn::linear({set, "bert.pooler.dense", c.initializer_range},
                         {.in = c.hidden_size, .out = c.hidden_size, .bias = true});
    nn::Linear classifier = nn::linear({set, "classifier", c.initializer_range},
                                       {.in = c.hidden_size, .out = labels, .bias = true, .role = nn::Role::kHead});
    weight = classifier.weight;
    bias = classifier.bias;
    row_for_each_run = true;
  }
  Var features(Context& context, Var hidden, const nn::Batch& batch) const override {
    Var first = autograd::gather_rows(context, std::move(hidden), batch.first_rows);  // [runs, hidden_size]
    Var pooled = autograd::activation(context, pooler_(context, std::move(first)), kernels::Activation::kTanh);
    return autograd::dropout(context, std::move(pooled), dropout_);
  }

 private:
  nn::Linear pooler_;
  double dropout_;
};

Parts make(ConfigFields& f, Task task, int64_t labels) {
  BertConfig c{};
  c.vocab_size = f.size("vocab_size", {30522, {}, "it, or a tokenizer"});
  c.hidden_size = f.size("hidden_size", {768, {}, "the width of the model"});
  c.num_hidden_layers = f.size("num_hidden_layers", {12, {}, "the number of layers"});
  c.num_attention_heads = f.size("num_attention_heads", {12, {}, "the number of heads"});
  c.intermediate_size = f.size("intermediate_size", {3072, 4 * c.hidden_size});
  c.max_position_embeddings = f.size("max_position_embeddings", {512});
  c.type_vocab_size = f.size("type_vocab_size", {2, 2});
  c.layer_norm_eps = f.number("layer_norm_eps", 1e-12, 0, 1);
  c.initializer_range = f.number("initializer_range", 0.02, 0, 1);
  c.hidden_dropout_prob = f.number("hidden_dropout_prob", 0.1, 0, 0.99);
  c.attention_probs_dropout_prob = f.number("attention_probs_dropout_prob", 0.1, 0, 0.99);
  bool own_dropout = f.has("classifier_dropout");  // null: that of the hidden states
  c.classifier_dropout = own_dropout ? f.number("classifier_dropout", 0, 0, 0.99) : c.hidden_dropout_prob;
  if (!own_dropout) f.publish("classifier_dropout", nullptr);
  c.hidden_act = f.activation("hidden_act", "gelu");
  c.pad_token_id = f.token_id("pad_token_id", c.vocab_size, f.training() ? -1 : 0);
  c.tie_word_embeddings = f.flag("tie_word_embeddings", true);
  f.refuse("is_decoder", f.flag("is_decoder", false), "a decoder is not supported for bert");
  f.refuse("add_cross_attention", f.flag("add_cross_attention", false), "cross attention is not supported for bert");
  std::string positions = f.text("position_embedding_type", "absolute");
  f.refuse("position_embedding_type", positions != "absolute", "'" + positions + "' is not supported for bert");
  if (c.hidden_size % c.num_attention_heads != 0)
    f.fail("hidden_size", "is not a multiple of num_attention_heads", "change one of them");
  if (c.num_hidden_layers > kMostLayers) f.fail("num_hidden_layers", "is too large");
  Parts parts;
  if (f.failed()) return parts;
  auto backbone = std::make_unique<Bert>(parts.parameters, c);
  parts.head_begin = parts.parameters.entries().size();
  if (task == Task::kMaskedLm) {
    parts.head = std::make_unique<MaskedLmHead>(parts.parameters, c, backbone->words());
    if (c.tie_word_embeddings) parts.tied_head.tensor = "cls.predictions.decoder.weight";
  }
  if (task == Task::kClassification) parts.head = std::make_unique<ClassificationHead>(parts.parameters, c, labels);
  parts.backbone = std::move(backbone);
  parts.sizes = {c.vocab_size, c.hidden_size, c.num_hidden_layers, c.max_position_embeddings, c.type_vocab_size};
  parts.pad_token_id = c.pad_token_id;
  return parts;
}

constexpr ModelClass kClasses[] = {{Task::kMaskedLm, "BertForMaskedLM"},
                                   {Task::kClassification, "BertForSequenceClassification"},
                                   {Task::kFeatures, "BertModel"},
                                   {Task::kMaskedLm, "BertForPreTraining"}};
constexpr std::string_view kPrefixes[] = {"bert."};
constexpr Family::Alias kAliases[] = {{"LayerNorm.weight", "LayerNorm.gamma"}, {"LayerNorm.bias", "LayerNorm.beta"}};
constexpr std::string_view kBuffers[] = {"embeddings.position_ids"};
constexpr std::string_view kHeads[] = {"cls.", "classifier.", "bert.pooler.", "pooler.", "qa_outputs."};

constexpr GgufField kGgufFields[] = {
    {"hidden_size", "embedding_length"},           {"intermediate_size", "feed_forward_length"},
    {"num_hidden_layers", "block_count"},          {"num_attention_heads", "attention.head_count"},
    {"max_position_embeddings", "context_length"}, {"layer_norm_eps", "attention.layer_norm_epsilon"}};
constexpr GgufName kGgufNames[] = {{"bert.", ""},
                                   {"embeddings.word_embeddings.", "token_embd."},
                                   {"embeddings.position_embeddings.", "position_embd."},
                                   {"embeddings.token_type_embeddings.", "token_types."},
                                   {"embeddings.LayerNorm.", "token_embd_norm."},
                                   {"encoder.layer.", "blk."},
                                   {".attention.self.query.", ".attn_q."},
                                   {".attention.self.key.", ".attn_k."},
                                   {".attention.self.value.", ".attn_v."},
                                   {".attention.output.dense.", ".attn_output."},
                                   {".attention.output.LayerNorm.", ".attn_output_norm."},
                                   {".intermediate.dense.", ".ffn_up."},
                                   {".output.dense.", ".ffn_down."},
                                   {".output.LayerNorm.", ".layer_output_norm."}};
constexpr std::string_view kGgufInert[] = {"attention.causal", "pooling_type"};
constexpr GgufDialect kGguf{.architecture = "bert",
                            .task = Task::kFeatures,  // such files are for embeddings: they hold no head
                            .fields = kGgufFields,
                            .names = kGgufNames,
                            .inert = kGgufInert,
                            .derive = [](Json& config, const formats::Gguf& file) {
                              const formats::GgufTensor* types = file.tensor("token_types.weight");
                              if (types && types->dims.size() == 2) config["type_vocab_size"] = types->dims[1];
                            }};

}  // namespace

extern const Family bert_family{.model_type = "bert",
                                .classes = kClasses,
                                .make = make,
                                .optional_prefixes = kPrefixes,
                                .aliases = kAliases,
                                .head_prefixes = kHeads,
                                .buffers = kBuffers,
                                .gguf = &kGguf};

}  // namespace malmoi::model
