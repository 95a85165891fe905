// LFM2 (Liquid AI 2025): most layers mix rows by a short convolution between two gates, a few by attention.
#include <algorithm>
#include <cmath>

#include "model/families/llama_gguf.h"
#include "model/families/lm_head.h"
#include "nn/blocks.h"

namespace malmoi::model::lfm2 {
namespace {

struct Lfm2Config {
  int64_t vocab_size, hidden_size, ffn_size, num_hidden_layers, num_attention_heads, num_key_value_heads, head_dim,
      max_position_embeddings, taps;
  double norm_eps, initializer_range;
  bool conv_bias, tie_word_embeddings;
  int32_t pad_token_id;
  nn::RotaryConfig rotary;
  std::vector<bool> attends;  // of each layer
};

// out(C * conv(B * x)), where one product gives B, C and x.
struct ShortConv {
  int64_t width = 0;
  nn::Linear in, out;
  Parameter *filter = nullptr, *bias = nullptr;

  ShortConv() = default;
  ShortConv(const nn::Declare& declare, const Lfm2Config& c) : width(c.hidden_size) {
    in = nn::linear(declare / "in_proj", {.in = width, .out = 3 * width, .bias = c.conv_bias});
    filter = declare.set().add({.name = declare.tensor("conv.weight"),
                                .shape = {width, 1, c.taps},
                                .role = nn::Role::kConvolution,
                                .init = {.std = 1 / std::sqrt(3.0 * static_cast<double>(c.taps))}});
    if (c.conv_bias) bias = declare.set().add({.name = declare.tensor("conv.bias"), .shape = {width}});
    out = nn::linear(declare / "out_proj", {.in = width, .out = width, .bias = c.conv_bias});
  }

  Var operator()(Context& context, Var h, const nn::Batch& batch, int64_t slot) const {
    constexpr auto kNone = kernels::Activation::kNone;
    Var bcx = in(context, std::move(h));  // [rows, B | C | x]
    std::vector<float*> states = nn::carried_elements(batch, slot).before;
    Var y = autograd::multiply(context, {bcx, 2 * width, width}, {bcx, 0, width}, kNone);  // [rows, width]
    y = autograd::causal_conv(context, {std::move(y), 0, width}, *filter, bias,
                              {.activation = kNone, .runs = batch.runs, .states = states});
    y = autograd::multiply(context, {std::move(y), 0, width}, {std::move(bcx), width, width}, kNone);
    return out(context, std::move(y));
  }
};

struct Layer {
  bool attends = false;
  nn::Norm operator_norm, ffn_norm;
  nn::SelfAttention attention;
  ShortConv conv;
  nn::GatedMlp mlp;
};

class Lfm2 final : public Backbone {
 public:
  Lfm2(nn::ParameterSet& set, const Lfm2Config& c) : config_(c), rotary_(c.rotary) {
    nn::Declare model(set, "model", c.initializer_range);
    embed_tokens_ = nn::embedding(model / "embed_tokens", {c.vocab_size, c.hidden_size});
    for (int64_t i = 0; i < c.num_hidden_layers; ++i)
      layers_.push_back(make_layer(model / "layers" / i, c.attends[static_cast<size_t>(i)]));
    norm_ = make_norm(model / "embedding_norm");
  }

  Var forward(Context& context, const nn::Batch& batch) const override {
    rotary_.prepare(batch.max_position);
    autograd::BlockIo io{autograd::embedding(context, {{&**embed_tokens_, batch.ids.data(), config_.pad_token_id}},
                                             {.rows = batch.rows()})};  // [rows, hidden_size]
    for (int64_t i = 0; i < config_.num_hidden_layers; ++i)
      io = autograd::block<&Lfm2::layer>(context, *this, i, batch, std::move(io));
    return norm_(context, std::move(io.x), std::move(io.delta)).normed;
  }

  std::vector<nn::LayerState> states() const override {
    std::vector<nn::LayerState> states;
    int64_t width = config_.num_key_value_heads * config_.head_dim;
    for (bool attends : config_.attends) {
      if (attends) states.push_back({.kind = nn::StateKind::kPagedKeys, .key_width = width, .value_width = width});
      else
        states.push_back({.kind = nn::StateKind::kConvolution, .elements = (config_.taps - 1) * config_.hidden_size});
    }
    return states;
  }

  nn::WeightSlot* embed_tokens() const { return embed_tokens_; }

 private:
  autograd::BlockIo layer(Context& context, int64_t index, const nn::Batch& batch, autograd::BlockIo io) const {
    const Layer& l = layers_[static_cast<size_t>(index)];
    auto [x, h] = l.operator_norm(context, std::move(io.x), std::move(io.delta));  // [rows, hidden_size]
    Var mixed =
        l.attends ? l.attention(context, std::move(h), batch, index) : l.conv(context, std::move(h), batch, index);
    auto [x2, h2] = l.ffn_norm(context, std::move(x), std::move(mixed));
    return {std::move(x2), l.mlp(context, std::move(h2))};
  }

  nn::Norm make_norm(const nn::Declare& declare) const {
    return nn::norm(declare, {.width = config_.hidden_size, .eps = config_.norm_eps});
  }

  Layer make_layer(const nn::Declare& layer, bool attends) {
    const Lfm2Config& c = config_;
    Layer l;
    l.attends = attends;
    l.operator_norm = make_norm(layer / "operator_norm");
    if (attends)
      l.attention = nn::SelfAttention(layer / "self_attn",
                                      {.width = c.hidden_size,
                                       .heads = c.num_attention_heads,
                                       .kv_heads = c.num_key_value_heads,
                                       .head_dim = c.head_dim,
                                       .names = {.out = "out_proj", .q_norm = "q_layernorm", .k_norm = "k_layernorm"},
                                       .rotary = &rotary_,
                                       .qk_norm = nn::QkNorm::kEachHead,
                                       .qk_norm_eps = c.norm_eps});
    else l.conv = ShortConv(layer / "conv", c);
    l.ffn_norm = make_norm(layer / "ffn_norm");
    l.mlp = nn::gated_mlp(
        layer / "feed_forward",
        {.width = c.hidden_size, .inner = c.ffn_size, .gate_name = "w1", .up_name = "w3", .down_name = "w2"});
    return l;
  }

  Lfm2Config config_;
  mutable nn::Rotary rotary_;
  nn::WeightSlot* embed_tokens_ = nullptr;
  std::vector<Layer> layers_;
  nn::Norm norm_;
};

// Two thirds of what is published, times a factor, rounded up. `factor` 0: neither factor nor rounding.
int64_t adjusted_ffn_size(int64_t published, double factor, int64_t multiple) {
  const int64_t size = std::max<int64_t>(2 * published / 3, 1);
  if (factor <= 0) return size;
  const auto scaled = static_cast<int64_t>(factor * static_cast<double>(size));
  return std::max<int64_t>((scaled + multiple - 1) / multiple, 1) * multiple;
}

// The width of the feed-forward part: as it stands, or adjusted.
int64_t read_ffn_size(ConfigFields& f, int64_t width) {
  int64_t size = f.size("intermediate_size", {12288, 4 * width});
  size = f.reader().integer("block_ff_dim", size, 1, int64_t{1} << 24);  // as older configs have it, which goes before
  f.publish("intermediate_size", size);
  int64_t multiple = f.size("block_multiple_of", {256, 64});
  double factor = f.optional_number("block_ffn_dim_multiplier", 1);  // null: neither factor nor rounding
  return f.flag("block_auto_adjust_ff_dim", true) ? adjusted_ffn_size(size, factor, multiple) : size;
}

// By a list of kinds, or, in older configs, of the numbers of the layers that attend; where there is neither, all do. A
// configuration that says nothing gets every third layer from the second on, about as many
// as published models have.
std::vector<bool> read_attends(ConfigFields& f, int64_t layers) {
  const Json& indices = f.reader().raw("full_attn_idxs");
  bool is_list = indices.is_array() &&
                 std::all_of(indices.begin(), indices.end(), [](const Json& i) { return i.is_number_integer(); });
  if (!is_list && !indices.is_null()) f.fail("full_attn_idxs", "numbers of layers were expected");
  auto attends = [&](int64_t layer) {
    if (is_list) return std::find(indices.begin(), indices.end(), Json(layer)) != indices.end();
    return !f.training() || layer % 3 == 1;
  };
  std::vector<bool> list;
  for (const std::string& type : f.layer_types(layers, {"full_attention", "conv"}, [&](int64_t layer) {
         return attends(layer) ? "full_attention" : "conv";
       }))
    list.push_back(type == "full_attention");
  return list;
}

Lfm2Config read(ConfigFields& f) {
  Lfm2Config c{};
  c.vocab_size = f.size("vocab_size", {65536, {}, "it, or a tokenizer"});
  c.hidden_size = f.size("hidden_size", {2560, {}, "the width of the model"});
  c.ffn_size = read_ffn_size(f, c.hidden_size);
  c.num_hidden_layers = f.size("num_hidden_layers", {32, {}, "the number of layers"});
  c.num_attention_heads = f.size("num_attention_heads", {32, {}, "the number of heads"});
  c.num_key_value_heads = f.size("num_key_value_heads", {8, c.num_attention_heads});
  int64_t even = std::max<int64_t>(c.hidden_size / c.num_attention_heads, 1);
  c.head_dim = f.size("head_dim", {even, even});
  c.max_position_embeddings = f.size("max_position_embeddings", {128000});
  c.rotary = f.rotary(c.head_dim, c.max_position_embeddings, 1e6);
  c.norm_eps = f.number("norm_eps", 1e-5, 0, 1);
  c.initializer_range = f.number("initializer_range", 0.02, 0, 1);
  c.conv_bias = f.flag("conv_bias", false);
  c.taps = f.size("conv_L_cache", {3, 3});
  bool tied = f.flag("tie_word_embeddings", true);
  c.tie_word_embeddings = f.reader().boolean("tie_embedding", tied);  // as older configs have it, which goes before
  f.publish("tie_word_embeddings", c.tie_word_embeddings);
  c.pad_token_id = f.token_id("pad_token_id", c.vocab_size, f.training() ? -1 : 0);
  if (c.num_attention_heads % c.num_key_value_heads != 0)
    f.fail("num_attention_heads", "is not a multiple of num_key_value_heads", "change one of them");
  if (c.taps > kernels::kMaxConvTaps) f.fail("conv_L_cache", "is larger than " + std::to_string(kernels::kMaxConvTaps));
  if (c.num_hidden_layers > kMostLayers) f.fail("num_hidden_layers", "is too large");
  else c.attends = read_attends(f, c.num_hidden_layers);
  return c;
}

Parts make(ConfigFields& f, Task, int64_t) {
  Lfm2Config c = read(f);
  Parts parts;
  if (f.failed()) return parts;
  auto backbone = std::make_unique<Lfm2>(parts.parameters, c);
  add_lm_head(parts, backbone->embed_tokens(), c.tie_word_embeddings, "lm_head", c.initializer_range);
  parts.backbone = std::move(backbone);
  parts.sizes = {c.vocab_size, c.hidden_size, c.num_hidden_layers, c.max_position_embeddings};
  parts.sizes.switch_length = c.rotary.switch_length();
  return parts;
}

constexpr ModelClass kClasses[] = {{Task::kCausalLm, "Lfm2ForCausalLM"}};
constexpr std::string_view kPrefixes[] = {"model."};
constexpr std::string_view kHeads[] = {"lm_head."};
constexpr std::string_view kBuffers[] = {"rotary_emb.inv_freq"};
// Of the authors' own code: what the fields above say once more, and how weights started.
constexpr std::string_view kInert[] = {"block_dim",
                                       "block_mlp_init_scale",
                                       "block_norm_eps",
                                       "block_out_init_scale",
                                       "block_use_swiglu",
                                       "block_use_xavier_init",
                                       "conv_dim",
                                       "conv_dim_out",
                                       "conv_use_xavier_init",
                                       "num_heads",
                                       "theta",
                                       "use_pos_enc"};

constexpr GgufField kGgufFields[] = {{"hidden_size", "embedding_length"},
                                     {"intermediate_size", "feed_forward_length"},
                                     {"num_hidden_layers", "block_count"},
                                     {"num_attention_heads", "attention.head_count"},
                                     {"head_dim", "attention.key_length"},
                                     {"max_position_embeddings", "context_length"},
                                     {"norm_eps", "attention.layer_norm_rms_epsilon"},
                                     {"rope_theta", "rope.freq_base"},
                                     {"conv_L_cache", "shortconv.l_cache"}};
constexpr GgufName kGgufNames[] = {{"model.embedding_norm.", "token_embd_norm."},
                                   {".operator_norm.", ".attn_norm."},
                                   {".self_attn.out_proj.", ".attn_output."},
                                   {".self_attn.q_layernorm.", ".attn_q_norm."},
                                   {".self_attn.k_layernorm.", ".attn_k_norm."},
                                   {".conv.conv.", ".shortconv.conv.", GgufChange::kNone, GgufShape::kSqueezed},
                                   {".conv.in_proj.", ".shortconv.in_proj."},
                                   {".conv.out_proj.", ".shortconv.out_proj."},
                                   {".feed_forward.w1.", ".ffn_gate."},
                                   {".feed_forward.w2.", ".ffn_down."},
                                   {".feed_forward.w3.", ".ffn_up."}};
constexpr std::string_view kGgufInert[] = {"attention.head_count_kv"};

// The width as it is, and what it was adjusted by as where a config says nothing.
void simplify(Json& config) {
  const Json factor = config["block_ffn_dim_multiplier"];
  if (config["block_auto_adjust_ff_dim"] == true)
    config["intermediate_size"] =
        adjusted_ffn_size(config["intermediate_size"].get<int64_t>(), factor.is_number() ? factor.get<double>() : 0,
                          config["block_multiple_of"].get<int64_t>());
  config["block_auto_adjust_ff_dim"] = false;
  config.erase("block_ffn_dim_multiplier");
  config.erase("block_multiple_of");
}

Status describe(const Json& config, formats::GgufMetadata& metadata) {
  std::vector<int32_t> heads;
  for (const Json& type : config["layer_types"])
    heads.push_back(type == "full_attention" ? config["num_key_value_heads"].get<int32_t>() : 0);
  metadata.set_i32s("lfm2.attention.head_count_kv", heads);
  return {};
}

// The heads of keys are told layer by layer, none where a layer has a convolution; the feed-forward width as it is.
constexpr GgufDialect kGguf{.architecture = "lfm2",
                            .fields = kGgufFields,
                            .names = kGgufNames,
                            .shared = kLlamaGgufNames,
                            .inert = kGgufInert,
                            .derive =
                                [](Json& config, const formats::Gguf& file) {
                                  config["block_auto_adjust_ff_dim"] = false;
                                  const formats::GgufValue* heads = file.find("lfm2.attention.head_count_kv");
                                  auto list = heads ? heads->integers() : std::nullopt;
                                  Json types = Json::array();
                                  int64_t most = 1;
                                  for (int64_t n : list.value_or(std::vector<int64_t>{})) {
                                    types.push_back(n > 0 ? "full_attention" : "conv");
                                    most = std::max(most, n);
                                  }
                                  config["num_key_value_heads"] = most;
                                  config["layer_types"] = std::move(types);
                                },
                            .simplify = simplify,
                            .describe = describe};

}  // namespace

extern const Family family{.model_type = "lfm2",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kPrefixes,
                           .head_prefixes = kHeads,
                           .buffers = kBuffers,
                           .inert = kInert,
                           .gguf = &kGguf};

}  // namespace malmoi::model::lfm2
