// DeBERTa v2 and v3 (He et al. 2021): contents and distances attend to each other; distances are looked up in one table that
// all layers share.
#include <algorithm>
#include <numeric>

#include "base/ascii.h"
#include "model/encoder_head.h"
#include "nn/disentangled_attention.h"
#include "nn/mlp.h"

namespace malmoi::model::deberta_v2 {
namespace {

struct DebertaConfig {
  int64_t vocab_size, hidden_size, embedding_size, num_hidden_layers, num_attention_heads, intermediate_size,
      max_position_embeddings, type_vocab_size, conv_kernel_size;
  double layer_norm_eps, initializer_range, hidden_dropout_prob, attention_probs_dropout_prob, pooler_dropout,
      cls_dropout;
  kernels::Activation hidden_act, pooler_hidden_act, conv_act;
  bool relative_attention, share_att_key, norm_rel_ebd, position_biased_input, legacy, tie_word_embeddings;
  bool c2p, p2c;  // of pos_att_type
  autograd::RelativePositions positions;
  int32_t pad_token_id;

  nn::NormSpec norm(int64_t width) const {
    return {.width = width, .layer = true, .eps = layer_norm_eps, .bias = true, .dropout = hidden_dropout_prob};
  }
};

struct Layer {
  nn::DisentangledAttention attention;
  nn::Norm attention_norm, mlp_norm;
  nn::Mlp mlp;
};

class Deberta final : public Backbone {
 public:
  Deberta(nn::ParameterSet& set, const DebertaConfig& c) : config_(c) {
    nn::Declare model(set, "deberta", c.initializer_range), embeddings = model / "embeddings",
                                                            encoder = model / "encoder";
    words_ = nn::embedding(embeddings / "word_embeddings", {c.vocab_size, c.embedding_size});
    if (c.position_biased_input)
      positions_ = nn::embedding(embeddings / "position_embeddings",
                                 {c.max_position_embeddings, c.embedding_size, nn::Role::kPositions});
    if (c.type_vocab_size > 0)
      types_ = nn::embedding(embeddings / "token_type_embeddings",
                             {c.type_vocab_size, c.embedding_size, nn::Role::kPositions});
    if (c.embedding_size != c.hidden_size)
      projection_ = nn::linear(embeddings / "embed_proj", {.in = c.embedding_size, .out = c.hidden_size});
    embedding_norm_ = nn::norm(embeddings / "LayerNorm", c.norm(c.hidden_size));
    for (int64_t i = 0; i < c.num_hidden_layers; ++i) layers_.push_back(make_layer(encoder / "layer" / i));
    if (c.relative_attention) {
      int64_t rows = 2 * c.positions.span;
      distances_ = nn::embedding(encoder / "rel_embeddings", {rows, c.hidden_size, nn::Role::kPositions});
      distance_ids_.resize(static_cast<size_t>(rows));
      std::iota(distance_ids_.begin(), distance_ids_.end(), 0);
    }
    if (c.norm_rel_ebd) distance_norm_ = nn::norm(encoder / "LayerNorm", c.norm(c.hidden_size));
    if (c.conv_kernel_size == 0) return;
    convolution_ = nn::linear(encoder / "conv" / "conv", {.in = c.hidden_size * c.conv_kernel_size,
                                                          .out = c.hidden_size,
                                                          .bias = true,
                                                          .layout = {nn::Layout::kTaps, c.conv_kernel_size}});
    convolution_norm_ = nn::norm(encoder / "conv" / "LayerNorm", c.norm(c.hidden_size));
    convolution_norm_.options.dropout = 0;
  }

  Var forward(Context& context, const nn::Batch& batch) const override {
    std::vector<Var> shared;
    if (distances_) shared.push_back(distances(context, batch));
    autograd::BlockIo io{embed(context, batch)};  // [rows, hidden_size]
    for (int64_t i = 0; i < config_.num_hidden_layers; ++i)
      io = autograd::block<&Deberta::layer>(context, *this, i, batch, std::move(io), shared);
    return std::move(io.x);
  }

  nn::WeightSlot* words() const { return words_; }

 private:
  Var embed(Context& context, const nn::Batch& batch) const {
    const int64_t rows = batch.rows();
    auto look_up = [&](const autograd::Lookup& table) { return autograd::embedding(context, {table}, {.rows = rows}); };
    Var x = look_up({&**words_, batch.ids.data(), config_.pad_token_id});  // [rows, embedding_size]
    if (positions_) x = autograd::add(context, std::move(x), look_up({&**positions_, batch.positions.data()}));
    if (types_) x = autograd::add(context, std::move(x), look_up({&**types_, batch.token_types.data()}));
    if (projection_.weight) x = projection_(context, std::move(x));
    x = autograd::mask_rows(context, embedding_norm_(context, std::move(x)), batch.key_mask);
    return autograd::dropout(context, std::move(x), config_.hidden_dropout_prob);
  }

  // The rows of the table that the longest text asks for.
  Var distances(Context& context, const nn::Batch& batch) const {
    int64_t first = config_.positions.row(1 - batch.longest_run), last = config_.positions.row(batch.longest_run - 1);
    Var rows =
        autograd::embedding(context, {{&**distances_, distance_ids_.data() + first}}, {.rows = last - first + 1});
    return config_.norm_rel_ebd ? distance_norm_(context, std::move(rows)) : rows;
  }

  autograd::BlockIo layer(Context& context, int64_t index, const nn::Batch& batch, autograd::BlockIo io,
                          std::span<const Var> shared) const {
    const Layer& l = layers_[static_cast<size_t>(index)];
    bool convolves = index == 0 && convolution_.weight;
    Var around = convolves ? neighbours(context, batch, io.x) : Var{};  // before norms write over io.x
    Var attended = l.attention(context, io.x, batch, shared.empty() ? Var{} : shared[0]);  // [rows, hidden_size]
    Var h = l.attention_norm(context, std::move(io.x), std::move(attended)).normed;
    Var added = l.mlp(context, h);
    Var x = l.mlp_norm(context, std::move(h), std::move(added)).normed;
    if (!convolves) return {std::move(x), {}};
    x = convolution_norm_(context, std::move(x), std::move(around)).normed;
    return {autograd::mask_rows(context, std::move(x), batch.key_mask), {}};
  }

  // What each token's neighbours say, beside the first layer: [rows, hidden_size].
  Var neighbours(Context& context, const nn::Batch& batch, Var embedded) const {
    Var around = autograd::neighbours(context, std::move(embedded), config_.conv_kernel_size, batch.runs);
    Var y = autograd::mask_rows(context, convolution_(context, std::move(around)), batch.key_mask);
    y = autograd::dropout(context, std::move(y), config_.hidden_dropout_prob);
    return autograd::activation(context, std::move(y), config_.conv_act);
  }

  Layer make_layer(const nn::Declare& layer) const {
    const DebertaConfig& c = config_;
    Layer l;
    l.attention = nn::DisentangledAttention(layer / "attention", {.width = c.hidden_size,
                                                                  .heads = c.num_attention_heads,
                                                                  .dropout = c.attention_probs_dropout_prob,
                                                                  .position_dropout = c.hidden_dropout_prob,
                                                                  .to_position = c.c2p,
                                                                  .from_position = c.p2c,
                                                                  .relative = c.relative_attention,
                                                                  .shared = c.share_att_key,
                                                                  .positions = c.positions});
    l.attention_norm = nn::norm(layer / "attention.output.LayerNorm", c.norm(c.hidden_size));
    l.mlp = nn::mlp(layer, {.width = c.hidden_size,
                            .inner = c.intermediate_size,
                            .activation = c.hidden_act,
                            .bias = true,
                            .in_name = "intermediate.dense",
                            .out_name = "output.dense"});
    l.mlp_norm = nn::norm(layer / "output.LayerNorm", c.norm(c.hidden_size));
    return l;
  }

  DebertaConfig config_;
  nn::WeightSlot* words_ = nullptr;
  nn::WeightSlot* positions_ = nullptr;
  nn::WeightSlot* types_ = nullptr;
  nn::WeightSlot* distances_ = nullptr;
  std::vector<int32_t> distance_ids_;  // 0, 1, 2 ...
  nn::Linear projection_, convolution_;
  nn::Norm embedding_norm_, distance_norm_, convolution_norm_;
  std::vector<Layer> layers_;
};

EncoderHeadSpec head_of(const DebertaConfig& c, Task task, int64_t labels, nn::WeightSlot* words) {
  if (task == Task::kMaskedLm && !c.legacy)
    return {.dense = "lm_predictions.lm_head.dense",
            .activation = c.hidden_act,
            .norm = "lm_predictions.lm_head.LayerNorm",
            .norm_spec = c.norm(c.hidden_size),
            .output = "lm_predictions.lm_head.decoder",
            .outputs = c.vocab_size,
            .output_bias = "lm_predictions.lm_head.bias",
            .words = words,
            .std = c.initializer_range};
  if (task == Task::kMaskedLm)
    return {.dense = "cls.predictions.transform.dense",
            .dense_width = c.embedding_size,
            .activation = c.hidden_act,
            .norm = "cls.predictions.transform.LayerNorm",
            .norm_spec = c.norm(c.embedding_size),
            .output = "cls.predictions.decoder",
            .outputs = c.vocab_size,
            .tied_bias = "cls.predictions.bias",
            .words = c.tie_word_embeddings ? words : nullptr,
            .std = c.initializer_range};
  if (task == Task::kClassification)
    return {.pooling = Pooling::kFirst,
            .dropout = c.pooler_dropout,
            .dense = "pooler.dense",
            .activation = c.pooler_hidden_act,
            .output_dropout = c.cls_dropout,
            .output = "classifier",
            .outputs = labels,
            .std = c.initializer_range};
  return token_head(task, labels, task == Task::kQuestionAnswering ? 0 : c.hidden_dropout_prob, c.initializer_range);
}

// Names in one text with bars between them (`p2c|c2p`), or a list of them.
std::vector<std::string> read_names(ConfigFields& f, std::string_view key, std::vector<std::string> fallback) {
  std::vector<std::string> names;
  for (const std::string& given : f.reader().texts(key, std::move(fallback))) {
    const std::string text = ascii_lower(given);
    for (size_t begin = 0; begin <= text.size();) {
      size_t end = std::min(text.find('|', begin), text.size());
      std::string_view name = ascii_trim(std::string_view(text).substr(begin, end - begin));
      if (!name.empty()) names.emplace_back(name);
      begin = end + 1;
    }
  }
  return names;
}

// How distances are looked up. A new model is as DeBERTa v3 was published; a config that says nothing has none of it.
void read_positions(ConfigFields& f, DebertaConfig& c) {
  const bool fresh = f.training();
  c.relative_attention = f.flag("relative_attention", fresh);
  c.share_att_key = f.flag("share_att_key", fresh);
  c.position_biased_input = f.flag("position_biased_input", !fresh);
  std::vector<std::string> kinds =
      read_names(f, "pos_att_type", fresh ? std::vector<std::string>{"p2c", "c2p"} : std::vector<std::string>{});
  for (const std::string& kind : kinds) {
    c.c2p |= kind == "c2p";
    c.p2c |= kind == "p2c";
    if (kind != "c2p" && kind != "p2c") f.fail("pos_att_type", "'" + kind + "' is not known", "use c2p and p2c");
  }
  f.publish("pos_att_type", kinds);
  std::vector<std::string> norms = read_names(f, "norm_rel_ebd", {fresh ? "layer_norm" : "none"});
  for (const std::string& norm : norms) {
    c.norm_rel_ebd |= norm == "layer_norm";
    if (norm != "layer_norm" && norm != "none")
      f.fail("norm_rel_ebd", "'" + norm + "' is not known", "use layer_norm or none");
  }
  f.publish("norm_rel_ebd", c.norm_rel_ebd ? "layer_norm" : "none");
  int64_t farthest = f.integer("max_relative_positions", -1, -1);
  if (farthest < 1) farthest = c.max_position_embeddings;
  int64_t buckets = f.integer("position_buckets", fresh ? 256 : -1, -1);
  if (buckets == 1) f.fail("position_buckets", "has no bucket on either side", "use 2 or more, or -1");
  c.positions = {std::max<int64_t>(buckets, 0), farthest, buckets > 0 ? buckets : farthest};
}

void read_convolution(ConfigFields& f, DebertaConfig& c) {
  c.conv_kernel_size = f.integer("conv_kernel_size", 0, 0, 1 << 10);
  if (c.conv_kernel_size == 0) {  // what it would be changes nothing
    for (const char* unused : {"conv_act", "conv_groups"}) f.reader().raw(unused);
    return;
  }
  c.conv_act = f.activation("conv_act", "tanh");
  if (c.conv_kernel_size % 2 == 0) f.fail("conv_kernel_size", "is even: a token has no middle place", "use an odd one");
  int64_t groups = f.integer("conv_groups", 1, 1);
  f.refuse("conv_groups", groups != 1, "a convolution of groups of channels is not supported for deberta-v2");
}

DebertaConfig read(ConfigFields& f) {
  DebertaConfig c{};
  c.vocab_size = f.size("vocab_size", {128100, {}, "it, or a tokenizer"});
  c.hidden_size = f.size("hidden_size", {1536, {}, "the width of the model"});
  c.embedding_size = f.size("embedding_size", {c.hidden_size, c.hidden_size});
  c.num_hidden_layers = f.size("num_hidden_layers", {24, {}, "the number of layers"});
  c.num_attention_heads = f.size("num_attention_heads", {24, {}, "the number of heads"});
  c.intermediate_size = f.size("intermediate_size", {6144, 4 * c.hidden_size});
  c.max_position_embeddings = f.size("max_position_embeddings", {512});
  c.type_vocab_size = f.integer("type_vocab_size", 0, 0);
  c.layer_norm_eps = f.number("layer_norm_eps", 1e-7, 0, 1);
  c.initializer_range = f.number("initializer_range", 0.02, 0, 1);
  c.hidden_dropout_prob = f.number("hidden_dropout_prob", 0.1, 0, 0.99);
  c.attention_probs_dropout_prob = f.number("attention_probs_dropout_prob", 0.1, 0, 0.99);
  c.pooler_dropout = f.number("pooler_dropout", 0, 0, 0.99);
  c.cls_dropout = f.has("cls_dropout") ? f.number("cls_dropout", 0, 0, 0.99) : c.hidden_dropout_prob;
  c.hidden_act = f.activation("hidden_act", "gelu");
  c.pooler_hidden_act = f.activation("pooler_hidden_act", "gelu");
  c.legacy = f.flag("legacy", true);
  c.tie_word_embeddings = f.flag("tie_word_embeddings", true);
  c.pad_token_id = f.token_id("pad_token_id", c.vocab_size, f.training() ? -1 : 0);
  read_positions(f, c);
  read_convolution(f, c);
  if (c.hidden_size % c.num_attention_heads != 0)
    f.fail("hidden_size", "is not a multiple of num_attention_heads", "change one of them");
  int64_t head = c.hidden_size / c.num_attention_heads;
  f.refuse("attention_head_size", f.reader().integer("attention_head_size", head) != head,
           "is not hidden_size / num_attention_heads");
  f.refuse("pooler_hidden_size", f.reader().integer("pooler_hidden_size", c.hidden_size) != c.hidden_size,
           "is not hidden_size");
  f.refuse("legacy", !c.legacy && c.embedding_size != c.hidden_size,
           "is false, where the table of words is not as wide as the layers");
  if (c.num_hidden_layers > kMostLayers) f.fail("num_hidden_layers", "is too large");
  return c;
}

Parts make(ConfigFields& f, Task task, int64_t labels) {
  DebertaConfig c = read(f);
  Parts parts;
  if (f.failed()) return parts;
  auto backbone = std::make_unique<Deberta>(parts.parameters, c);
  nn::WeightSlot* words = backbone->words();
  parts.backbone = std::move(backbone);
  int64_t longest = c.position_biased_input ? c.max_position_embeddings : kNoLimit;
  parts.sizes = {c.vocab_size, c.hidden_size, c.num_hidden_layers, longest, c.type_vocab_size};
  parts.pad_token_id = c.pad_token_id;
  if (task != Task::kFeatures) add_encoder_head(parts, head_of(c, task, labels, words));
  return parts;
}

// Microsoft's configs name no class, and their files hold no head that the reference reads.
constexpr ModelClass kClasses[] = {{Task::kFeatures, "DebertaV2Model"},
                                   {Task::kMaskedLm, "DebertaV2ForMaskedLM"},
                                   {Task::kClassification, "DebertaV2ForSequenceClassification"},
                                   {Task::kTokenClassification, "DebertaV2ForTokenClassification"},
                                   {Task::kQuestionAnswering, "DebertaV2ForQuestionAnswering"}};
constexpr std::string_view kPrefixes[] = {"deberta."};
constexpr Family::Alias kAliases[] = {{"cls.predictions.decoder.bias", "cls.predictions.bias"}};
constexpr std::string_view kBuffers[] = {"embeddings.position_ids", "embeddings.position_embeddings.weight"};
constexpr std::string_view kHeads[] = {
    "cls.", "lm_predictions.", "mask_predictions.", "pooler.", "deberta.pooler.", "classifier.", "qa_outputs."};
constexpr std::string_view kInert[] = {"output_past",        "pooler_size",      "summary_type",
                                       "summary_activation", "summary_use_proj", "summary_last_dropout"};

}  // namespace

extern const Family family{.model_type = "deberta-v2",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kPrefixes,
                           .aliases = kAliases,
                           .head_prefixes = kHeads,
                           .buffers = kBuffers,
                           .inert = kInert};

}  // namespace malmoi::model::deberta_v2
