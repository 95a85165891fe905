// ModernBERT (Warner et al. 2024): an encoder with rotary positions, gated feed-forward parts, norms before them, and local
// layers between global ones.
#include <cmath>

#include "model/encoder_head.h"
#include "model/families/modernbert_gguf.h"
#include "nn/attention.h"
#include "nn/mlp.h"

namespace malmoi::model::modernbert {
namespace {

struct ModernBertConfig {
  int64_t vocab_size, hidden_size, intermediate_size, num_hidden_layers, num_attention_heads, max_position_embeddings,
      local_attention;
  double norm_eps, initializer_range, embedding_dropout, attention_dropout, mlp_dropout, classifier_dropout;
  kernels::Activation hidden_activation, classifier_activation;
  bool norm_bias, attention_bias, mlp_bias, decoder_bias, classifier_bias, tie_word_embeddings;
  Pooling classifier_pooling;
  int32_t pad_token_id;
  std::vector<bool> local;  // of each layer
  nn::RotaryConfig global_rotary, local_rotary;

  int64_t head_dim() const { return hidden_size / num_attention_heads; }
  nn::NormSpec norm() const { return {.width = hidden_size, .layer = true, .eps = norm_eps, .bias = norm_bias}; }
  // What is added to the residual stream starts smaller the deeper the model is.
  double out_std() const { return initializer_range / std::sqrt(2.0 * static_cast<double>(num_hidden_layers)); }
};

struct Layer {
  nn::Norm attention_norm, mlp_norm;
  nn::SelfAttention attention;
  nn::GatedMlp mlp;
};

class ModernBert final : public Backbone {
 public:
  ModernBert(nn::ParameterSet& set, const ModernBertConfig& c)
      : config_(c), global_rotary_(c.global_rotary), local_rotary_(c.local_rotary) {
    nn::Declare model(set, "model", c.initializer_range), embeddings = model / "embeddings";
    words_ = nn::embedding(embeddings / "tok_embeddings", {c.vocab_size, c.hidden_size});
    embedding_norm_ = nn::norm(embeddings / "norm", c.norm());
    for (int64_t i = 0; i < c.num_hidden_layers; ++i) layers_.push_back(make_layer(model / "layers" / i, i));
    final_norm_ = nn::norm(model / "final_norm", c.norm());
  }

  Var forward(Context& context, const nn::Batch& batch) const override {
    global_rotary_.prepare(batch.max_position);
    local_rotary_.prepare(batch.max_position);
    Var x = autograd::embedding(context, {{&**words_, batch.ids.data(), config_.pad_token_id}},
                                {.rows = batch.rows()});  // [rows, hidden_size]
    x = embedding_norm_(context, std::move(x));
    autograd::BlockIo io{autograd::dropout(context, std::move(x), config_.embedding_dropout)};
    for (int64_t i = 0; i < config_.num_hidden_layers; ++i)
      io = autograd::block<&ModernBert::layer>(context, *this, i, batch, std::move(io));
    return final_norm_(context, std::move(io.x), std::move(io.delta)).normed;
  }

  nn::WeightSlot* words() const { return words_; }

 private:
  autograd::BlockIo layer(Context& context, int64_t index, const nn::Batch& batch, autograd::BlockIo io) const {
    const Layer& l = layers_[static_cast<size_t>(index)];
    // The first layer has no norm of its own: embeddings are normed already.
    autograd::Normed read = index > 0 ? l.attention_norm(context, std::move(io.x), std::move(io.delta))
                                      : autograd::Normed{io.x, std::move(io.x)};
    Var attended = l.attention(context, std::move(read.normed), batch, index);  // [rows, hidden_size]
    auto [x, h] = l.mlp_norm(context, std::move(read.sum), std::move(attended));
    return {std::move(x), l.mlp(context, std::move(h))};
  }

  Layer make_layer(const nn::Declare& layer, int64_t index) {
    const ModernBertConfig& c = config_;
    bool local = c.local[static_cast<size_t>(index)];
    nn::NormSpec after_attention = c.norm();
    after_attention.dropout = c.attention_dropout;
    Layer l;
    if (index > 0) l.attention_norm = nn::norm(layer / "attn_norm", c.norm());
    l.attention =
        nn::SelfAttention(layer / "attn", {.width = c.hidden_size,
                                           .heads = c.num_attention_heads,
                                           .kv_heads = c.num_attention_heads,
                                           .head_dim = c.head_dim(),
                                           .dropout = c.attention_dropout,
                                           // local_attention: of both sides together
                                           .mask = {.causal = false, .window = local ? c.local_attention / 2 + 1 : 0},
                                           .bias = c.attention_bias,
                                           .out_bias = c.attention_bias,
                                           .out_std = c.out_std(),
                                           .names = {.out = "Wo", .fused = "Wqkv"},
                                           .rotary = local ? &local_rotary_ : &global_rotary_});
    l.mlp_norm = nn::norm(layer / "mlp_norm", after_attention);
    l.mlp = nn::gated_mlp(layer / "mlp", {.width = c.hidden_size,
                                          .inner = c.intermediate_size,
                                          .activation = c.hidden_activation,
                                          .bias = c.mlp_bias,
                                          .dropout = c.mlp_dropout,
                                          .down_std = c.out_std(),
                                          .down_name = "Wo",
                                          .fused = "Wi"});
    return l;
  }

  ModernBertConfig config_;
  mutable nn::Rotary global_rotary_, local_rotary_;
  nn::WeightSlot* words_ = nullptr;
  nn::Norm embedding_norm_, final_norm_;
  std::vector<Layer> layers_;
};

// All heads have the same dense layer and norm before the output.
EncoderHeadSpec head_of(const ModernBertConfig& c, Task task, int64_t labels, nn::WeightSlot* words) {
  EncoderHeadSpec head{.dense = "head.dense",
                       .dense_bias = c.classifier_bias,
                       .activation = c.classifier_activation,
                       .norm = "head.norm",
                       .norm_spec = c.norm(),
                       .std = c.out_std()};
  if (task == Task::kMaskedLm) {
    head.output = "decoder";
    head.outputs = c.vocab_size;
    if (!c.decoder_bias) head.output_bias = nullptr;
    if (c.tie_word_embeddings) head.words = words;
    return head;
  }
  if (task == Task::kClassification) head.pooling = c.classifier_pooling;
  head.output_dropout = c.classifier_dropout;
  head.output = "classifier";
  head.outputs = labels;
  head.output_std = 1 / std::sqrt(static_cast<double>(c.hidden_size));
  return head;
}

// Every so many layers one is global: as a list, or by the pattern of older configs.
std::vector<bool> read_local_layers(ConfigFields& f, int64_t layers) {
  int64_t every = f.reader().integer("global_attn_every_n_layers", 3, 1);
  std::vector<bool> local;
  for (const std::string& type : f.layer_types(layers, {"full_attention", "sliding_attention"}, [&](int64_t i) {
         return i % every == 0 ? "full_attention" : "sliding_attention";
       }))
    local.push_back(type == "sliding_attention");
  return local;
}

void read_rotary(ConfigFields& f, ModernBertConfig& c) {
  c.global_rotary =
      f.rotary_of("full_attention", "global_rope_theta", 160000, true, c.head_dim(), c.max_position_embeddings);
  bool shared = f.reader().present("local_rope_theta") && !f.has("local_rope_theta");  // null: that of global layers
  c.local_rotary = f.rotary_of("sliding_attention", "local_rope_theta", shared ? c.global_rotary.theta : 10000, true,
                               c.head_dim(), c.max_position_embeddings);
}

ModernBertConfig read(ConfigFields& f) {
  constexpr int32_t kPublishedPadding = 50283;
  ModernBertConfig c{};
  c.vocab_size = f.size("vocab_size", {50368, {}, "it, or a tokenizer"});
  c.hidden_size = f.size("hidden_size", {768, {}, "the width of the model"});
  // A gated MLP has three matrices where a plain one has two: 8/3 of the width costs the same (Shazeer 2020).
  c.intermediate_size = f.size("intermediate_size", {1152, gated_width(c.hidden_size)});
  c.num_hidden_layers = f.size("num_hidden_layers", {22, {}, "the number of layers"});
  c.num_attention_heads = f.size("num_attention_heads", {12, {}, "the number of heads"});
  c.max_position_embeddings = f.size("max_position_embeddings", {8192});
  c.local_attention = f.size("local_attention", {128, 128});
  c.norm_eps = f.number("norm_eps", 1e-5, 0, 1);
  c.initializer_range = f.number("initializer_range", 0.02, 0, 1);
  c.embedding_dropout = f.number("embedding_dropout", 0, 0, 0.99);
  c.attention_dropout = f.number("attention_dropout", 0, 0, 0.99);
  c.mlp_dropout = f.number("mlp_dropout", 0, 0, 0.99);
  c.classifier_dropout = f.number("classifier_dropout", 0, 0, 0.99);
  c.hidden_activation = f.activation("hidden_activation", "gelu");
  c.classifier_activation = f.activation("classifier_activation", "gelu");
  c.norm_bias = f.flag("norm_bias", false);
  c.attention_bias = f.flag("attention_bias", false);
  c.mlp_bias = f.flag("mlp_bias", false);
  c.decoder_bias = f.flag("decoder_bias", true);
  c.classifier_bias = f.flag("classifier_bias", false);
  c.tie_word_embeddings = f.flag("tie_word_embeddings", true);
  std::string pooling = f.text("classifier_pooling", "cls");
  c.classifier_pooling = pooling == "mean" ? Pooling::kMean : Pooling::kFirst;
  if (pooling != "cls" && pooling != "mean")
    f.fail("classifier_pooling", "'" + pooling + "' is not known", "use cls or mean");
  bool published = !f.training() && c.vocab_size > kPublishedPadding;
  c.pad_token_id = f.token_id("pad_token_id", c.vocab_size, published ? kPublishedPadding : -1);
  if (c.hidden_size % c.num_attention_heads != 0)
    f.fail("hidden_size", "is not a multiple of num_attention_heads", "change one of them");
  if (c.num_hidden_layers > kMostLayers) {
    f.fail("num_hidden_layers", "is too large");
    return c;
  }
  c.local = read_local_layers(f, c.num_hidden_layers);
  read_rotary(f, c);
  return c;
}

Parts make(ConfigFields& f, Task task, int64_t labels) {
  ModernBertConfig c = read(f);
  Parts parts;
  if (f.failed()) return parts;
  auto backbone = std::make_unique<ModernBert>(parts.parameters, c);
  nn::WeightSlot* words = backbone->words();
  parts.backbone = std::move(backbone);
  parts.sizes = {c.vocab_size, c.hidden_size, c.num_hidden_layers, c.max_position_embeddings};
  parts.pad_token_id = c.pad_token_id;
  if (task != Task::kFeatures) add_encoder_head(parts, head_of(c, task, labels, words));
  return parts;
}

constexpr ModelClass kClasses[] = {{Task::kMaskedLm, "ModernBertForMaskedLM"},
                                   {Task::kClassification, "ModernBertForSequenceClassification"},
                                   {Task::kTokenClassification, "ModernBertForTokenClassification"},
                                   {Task::kQuestionAnswering, "ModernBertForQuestionAnswering"},
                                   {Task::kFeatures, "ModernBertModel"}};
constexpr std::string_view kPrefixes[] = {"model."};
constexpr std::string_view kBuffers[] = {"rotary_emb.inv_freq"};
constexpr std::string_view kHeads[] = {"head.", "decoder.", "classifier."};
// How the reference computes, how it starts weights, and what norm_eps and rotary positions took the place of.
constexpr std::string_view kInert[] = {
    "initializer_cutoff_factor", "deterministic_flash_attn", "sparse_prediction", "sparse_pred_ignore_index",
    "repad_logits_with_grad",    "reference_compile",        "layer_norm_eps",    "position_embedding_type"};

}  // namespace

extern const Family family{.model_type = "modernbert",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kPrefixes,
                           .head_prefixes = kHeads,
                           .buffers = kBuffers,
                           .inert = kInert,
                           .gguf = &kModernBertGguf};

}  // namespace malmoi::model::modernbert
