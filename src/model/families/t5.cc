// T5 (Raffel et al. 2020): an encoder-decoder with RMS norm before each part, distances in buckets, unscaled attention.
#include <cmath>
#include <type_traits>

#include "model/families/lm_head.h"
#include "model/families/t5.h"
#include "model/families/t5_gguf.h"
#include "nn/blocks.h"

namespace malmoi::model {
namespace {

struct T5Config {
  int64_t vocab_size, d_model, d_kv, d_ff, num_layers, num_decoder_layers, num_heads, buckets, max_distance;
  double dropout_rate, layer_norm_epsilon, initializer_factor;
  bool gated, encoder_alone, tied, scale_decoder_outputs;
  kernels::Activation activation;
};

// wo(dropout(act(wi_0 x) * wi_1 x)), or with one matrix and no gate in the first version.
struct FeedForward {
  nn::Linear in, out;
  bool gated = false;
  kernels::Activation activation = kernels::Activation::kRelu;
  double dropout = 0;
  Var operator()(Context& context, Var x) const {
    Var h = in(context, std::move(x));
    h = gated ? autograd::gated(context, std::move(h), activation)
              : autograd::activation(context, std::move(h), activation);
    return out(context, autograd::dropout(context, std::move(h), dropout));
  }
};

using EncoderBlock = nn::PreNormBlock<FeedForward>;
using DecoderBlock = nn::CrossBlock<FeedForward>;

// Either side: blocks, the numbers by distance that the first one holds for all, and the norm behind them.
template <typename Block>
class Stack {
 public:
  Stack() = default;
  Stack(const nn::Declare& stack, const T5Config& c) {
    buckets_ = {.buckets = c.buckets, .max_distance = c.max_distance, .bidirectional = !kDecoder};
    int64_t count = kDecoder ? c.num_decoder_layers : c.num_layers;
    for (int64_t i = 0; i < count; ++i) layers_.push_back(make_layer(stack / "block" / i, c));
    distances_ = stack.set().add({.name = stack.tensor("block.0.layer.0.SelfAttention.relative_attention_bias.weight"),
                                  .shape = {c.buckets, c.num_heads},
                                  .role = nn::Role::kPositions,
                                  .init = {.std = c.initializer_factor / std::sqrt(static_cast<double>(c.d_model))}});
    final_norm_ = make_norm(stack / "final_layer_norm", c);
  }

  // rows of embeddings -> rows after the last norm. `memory`: of a decoder, empty where the states hold it.
  Var operator()(Context& context, Var x, const nn::Batch& batch, Var memory) const {
    int64_t longest = batch.longest_run;
    for (const nn::SequenceState* state : batch.states)
      longest = std::max(longest, state->length() + batch.longest_run);
    autograd::DistanceBuckets span = buckets_;
    span.left = std::max<int64_t>(longest - 1, 0);
    span.right = kDecoder ? 0 : span.left;
    std::vector<Var> shared{autograd::distance_bias(context, *distances_, span), std::move(memory)};
    autograd::BlockIo io{std::move(x)};
    for (size_t i = 0; i < layers_.size(); ++i)
      io = autograd::block<&Stack::layer>(context, *this, static_cast<int64_t>(i), batch, std::move(io), shared);
    return final_norm_(context, std::move(io.x), std::move(io.delta)).normed;
  }

  const std::vector<Block>& layers() const { return layers_; }

 private:
  static constexpr bool kDecoder = std::is_same_v<Block, DecoderBlock>;

  autograd::BlockIo layer(Context& context, int64_t index, const nn::Batch& batch, autograd::BlockIo io,
                          std::span<const Var> shared) const {
    const Block& block = layers_[static_cast<size_t>(index)];
    int64_t span = shared[0].value.shape().columns();
    if constexpr (kDecoder) {
      return block(context, batch, 2 * index, std::move(io), shared[1], nn::DistanceBias{shared[0], span - 1, 0});
    } else {
      return block(context, batch, 0, std::move(io), nn::DistanceBias{shared[0], span / 2, span / 2});
    }
  }

  static nn::Norm make_norm(const nn::Declare& declare, const T5Config& c) {
    return nn::norm(declare, {.width = c.d_model, .eps = c.layer_norm_epsilon, .dropout = c.dropout_rate});
  }

  static Block make_layer(const nn::Declare& declare, const T5Config& c) {
    nn::Declare layer = declare / "layer";
    int64_t last = kDecoder ? 2 : 1;
    double width = static_cast<double>(c.d_model), factor = c.initializer_factor;
    nn::AttentionSpec attention{.width = c.d_model,
                                .heads = c.num_heads,
                                .kv_heads = c.num_heads,
                                .head_dim = c.d_kv,
                                .scale = 1,
                                .dropout = c.dropout_rate,
                                .mask = {.causal = kDecoder},
                                // Attention is not scaled: queries start smaller instead.
                                .q_std = factor / std::sqrt(width * static_cast<double>(c.d_kv)),
                                .out_std = factor / std::sqrt(static_cast<double>(c.num_heads * c.d_kv)),
                                .names = {"q", "k", "v", "o"}};
    nn::Declare matrices(declare.set(), layer.path(), factor / std::sqrt(width));
    Block block;
    block.attention_norm = make_norm(layer / "0" / "layer_norm", c);
    block.attention = nn::SelfAttention(matrices / "0" / "SelfAttention", attention);
    if constexpr (kDecoder) {
      attention.mask.causal = false;
      block.cross_norm = make_norm(layer / "1" / "layer_norm", c);
      block.cross = nn::CrossAttention(matrices / "1" / "EncDecAttention", attention, c.d_model);
    }
    nn::Declare dense = matrices / last / "DenseReluDense";
    block.mlp_norm = make_norm(layer / last / "layer_norm", c);
    nn::LinearSpec in{.in = c.d_model};
    if (c.gated) in.parts = {{"wi_0", c.d_ff}, {"wi_1", c.d_ff}};
    else in.out = c.d_ff;
    block.mlp = {nn::linear(dense / "wi", in),
                 nn::linear(dense / "wo",
                            {.in = c.d_ff, .out = c.d_model, .std = factor / std::sqrt(static_cast<double>(c.d_ff))}),
                 c.gated, c.activation, c.dropout_rate};
    return block;
  }

  autograd::DistanceBuckets buckets_;
  std::vector<Block> layers_;
  Parameter* distances_ = nullptr;
  nn::Norm final_norm_;
};

class T5 final : public Backbone {
 public:
  T5(nn::ParameterSet& set, const T5Config& c) : config_(c) {
    nn::Declare model(set, "", c.initializer_factor);
    shared_ = nn::embedding(model / "shared", {c.vocab_size, c.d_model});
    encoder_ = Stack<EncoderBlock>(model / "encoder", c);
    if (!c.encoder_alone) decoder_ = Stack<DecoderBlock>(model / "decoder", c);
  }

  Var encode(Context& context, const nn::Batch& source) const override {
    nn::Batch text = source;  // the encoder reads it whole: states are the decoder's
    text.states = {};
    const nn::Batch& batch = source.states.empty() ? source : text;
    return dropped(context, encoder_(context, embed(context, batch), batch, {}));  // [source rows, d_model]
  }

  Var forward(Context& context, const nn::Batch& batch) const override {
    if (config_.encoder_alone) return encode(context, batch);
    Var memory = batch.source ? encode(context, *batch.source) : Var{};
    return dropped(context, decoder_(context, embed(context, batch), batch, std::move(memory)));
  }

  void remember(Context& context, const Var& memory, const nn::Batch& source) const override {
    for (size_t i = 0; i < decoder_.layers().size(); ++i)
      decoder_.layers()[i].cross.remember(context, memory, source, static_cast<int64_t>(2 * i + 1));
  }

  // Of each decoder layer: its own keys, then those of the memory.
  std::vector<nn::LayerState> states() const override {
    std::vector<nn::LayerState> states;
    int64_t width = config_.num_heads * config_.d_kv;
    for (size_t i = 0; i < decoder_.layers().size(); ++i) {
      states.push_back({.kind = nn::StateKind::kPagedKeys, .key_width = width, .value_width = width});
      states.push_back({.kind = nn::StateKind::kMemoryKeys, .key_width = width, .value_width = width});
    }
    return states;
  }

  nn::WeightSlot* shared() const { return shared_; }

 private:
  Var dropped(Context& context, Var x) const { return autograd::dropout(context, std::move(x), config_.dropout_rate); }
  Var embed(Context& context, const nn::Batch& batch) const {
    return autograd::embedding(context, {{&**shared_, batch.ids.data()}},
                               {.rows = batch.rows(), .dropout = static_cast<float>(config_.dropout_rate)});
  }

  T5Config config_;
  nn::WeightSlot* shared_ = nullptr;
  Stack<EncoderBlock> encoder_;
  Stack<DecoderBlock> decoder_;
};

// `relu`, or `gated-gelu`, whose gelu is the one by tanh.
void read_feed_forward(ConfigFields& f, T5Config& c, const char* fallback) {
  std::string proj = f.text("feed_forward_proj", fallback);
  c.gated = proj.starts_with("gated-");
  std::string name = c.gated ? proj.substr(6) : proj;
  using kernels::Activation;
  if (name == "relu") c.activation = Activation::kRelu;
  else if (name == "silu" || name == "swish") c.activation = Activation::kSilu;
  else if (name == "gelu_new" || (c.gated && name == "gelu")) c.activation = Activation::kGeluTanh;
  else if (name == "gelu") c.activation = Activation::kGelu;
  else f.fail("feed_forward_proj", "'" + proj + "' is not known", "use relu, gelu, silu, or gated- before one of them");
}

// Whether the head is the table of words, and whether its outputs are scaled down. The first version has both, later ones
// neither. transformers 4 said it by tie_word_embeddings alone; transformers 5 writes that as true always and the scale beside
// it; there a matrix of the file's own is the head, and the table where the file has none.
void read_head(ConfigFields& f, T5Config& c, const T5Defaults& defaults) {
  const bool tied = f.flag("tie_word_embeddings", defaults.tied);
  c.scale_decoder_outputs = defaults.scales && f.flag("scale_decoder_outputs", tied);
  c.tied = f.training() ? tied : c.scale_decoder_outputs;
}

void read_sizes(ConfigFields& f, T5Config& c, const T5Defaults& defaults) {
  c.vocab_size = f.size("vocab_size", {defaults.vocab_size, {}, "it, or a tokenizer"});
  c.d_model = f.size("d_model", "hidden_size", {512, {}, "the width of the model"});
  c.num_layers = f.size("num_layers", "num_hidden_layers", {defaults.num_layers, {}, "the number of layers"});
  c.num_decoder_layers = f.size("num_decoder_layers", {c.num_layers, c.num_layers});
  c.num_heads = f.size("num_heads", "num_attention_heads", {defaults.num_heads, {}, "the number of heads"});
  c.d_kv = f.size("d_kv", "head_dim", {64, std::max<int64_t>(c.d_model / c.num_heads, 1)});
  read_feed_forward(f, c, defaults.feed_forward_proj);
  // A gated part has three matrices where a plain one has two (Shazeer 2020).
  c.d_ff = f.size("d_ff", "intermediate_size", {defaults.d_ff, c.gated ? gated_width(c.d_model) : 4 * c.d_model});
  c.buckets = f.size("relative_attention_num_buckets", {32, 32});
  c.max_distance = f.size("relative_attention_max_distance", {128, 128});
  if (c.buckets < 4 || c.max_distance <= c.buckets / 2)
    f.fail("relative_attention_num_buckets", "leaves no bucket for far distances",
           "use at least 4, and a relative_attention_max_distance beyond half of it");
  if (c.num_layers > kMostLayers || c.num_decoder_layers > kMostLayers) f.fail("num_layers", "is too large");
}

// Whether the config is of the encoder by itself, as sentence embeddings and image generators use it.
bool read_encoder_alone(ConfigFields& f, std::string_view encoder_class) {
  const std::vector<std::string> names = f.reader().texts("architectures");
  const bool alone = !names.empty() && names.front() == encoder_class;
  f.refuse("is_decoder", f.flag("is_decoder", false), "a decoder alone is not supported for this family");
  f.refuse("is_encoder_decoder", !f.flag("is_encoder_decoder", true) && !alone,
           "an encoder alone is of the class " + std::string(encoder_class));
  if (alone) f.publish("architectures", Json::array({std::string(encoder_class)}));
  return alone;
}

}  // namespace

Parts make_t5(ConfigFields& f, Task task, const T5Defaults& defaults) {
  T5Config c{};
  read_sizes(f, c, defaults);
  c.dropout_rate = f.number("dropout_rate", 0.1, 0, 0.99);
  c.layer_norm_epsilon = f.number("layer_norm_epsilon", 1e-6, 0, 1);
  c.initializer_factor = f.number("initializer_factor", 1, 0, 100);
  c.encoder_alone = read_encoder_alone(f, defaults.encoder_class);
  read_head(f, c, defaults);
  Parts parts;
  parts.pad_token_id = f.token_id("pad_token_id", c.vocab_size, 0);
  parts.decoder_start_token_id = f.token_id("decoder_start_token_id", c.vocab_size, parts.pad_token_id);
  if (parts.decoder_start_token_id < 0 && !c.encoder_alone)
    f.fail("decoder_start_token_id", "is missing", "name the token that an answer begins with");
  if (f.failed()) return parts;
  auto backbone = std::make_unique<T5>(parts.parameters, c);
  parts.head_begin = parts.parameters.entries().size();
  if (task == Task::kSeq2Seq) {
    add_lm_head(parts, backbone->shared(), c.tied, "lm_head", c.initializer_factor);
    parts.tied_head.field.clear();  // outputs are scaled whatever stands in the file: the field would end that
    if (!c.tied) parts.tied_head.words = backbone->shared();
    if (c.scale_decoder_outputs) parts.head->logit_scale = 1 / std::sqrt(static_cast<float>(c.d_model));
  }
  parts.backbone = std::move(backbone);
  // Distances beyond the last bucket share it: no text is too long for the positions.
  const int64_t layers = c.num_layers + (c.encoder_alone ? 0 : c.num_decoder_layers);
  parts.sizes = {c.vocab_size, c.d_model, layers, kNoLimit};
  return parts;
}

}  // namespace malmoi::model

namespace malmoi::model::t5 {
namespace {

constexpr ModelClass kClasses[] = {{Task::kSeq2Seq, "T5ForConditionalGeneration"},
                                   {Task::kSeq2Seq, "T5WithLMHeadModel"},
                                   {Task::kFeatures, "T5Model"},
                                   {Task::kFeatures, "T5EncoderModel"}};
constexpr GgufDialect kGguf{.architecture = "t5",
                            .task = Task::kSeq2Seq,
                            .fields = kT5GgufFields,
                            .names = kT5GgufNames,
                            .inert = kT5GgufInert,
                            .derive = derive_t5,
                            .describe = describe_t5};

}  // namespace

extern const Family family{.model_type = "t5",
                           .classes = kClasses,
                           .make = [](ConfigFields& f, Task task, int64_t) { return make_t5(f, task, {}); },
                           .aliases = kT5Aliases,
                           .head_prefixes = kT5Heads,
                           .buffers = kT5Buffers,
                           .inert = kT5Inert,
                           .gguf = &kGguf};

}  // namespace malmoi::model::t5
