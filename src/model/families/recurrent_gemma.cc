// RecurrentGemma (Botev et al. 2024), a Griffin (De et al. 2024): gated linear recurrences behind a short convolution, with a
// layer of local attention among them every so often.
#include <cmath>

#include "base/rng.h"
#include "model/families/lm_head.h"
#include "nn/blocks.h"

namespace malmoi::model::recurrent_gemma {
namespace {

struct RecurrentGemmaConfig {
  int64_t vocab_size, hidden_size, num_hidden_layers, intermediate_size, num_attention_heads, num_key_value_heads,
      head_dim, lru_width, conv1d_width, attention_window_size;
  double rms_norm_eps, attention_dropout, logits_soft_cap, w_init_variance_scale, final_w_init_variance_scale;
  kernels::Activation hidden_activation;
  bool attention_bias, tie_word_embeddings;
  int32_t pad_token_id;
  std::vector<bool> recurrent;  // of each layer
  nn::RotaryConfig rotary;

  int64_t block_width() const { return lru_width / num_attention_heads; }
};

/// A recurrent block: out(recurrence(convolution(x branch)) * act(y branch)).
struct Recurrence {
  nn::Linear branches, out;  // y and x branch in one product
  Parameter *conv, *conv_bias;
  Parameter *input_gate, *input_gate_bias, *recurrent_gate, *recurrent_gate_bias, *param;
};

struct Layer {
  nn::Norm temporal_norm, channel_norm;
  nn::SelfAttention attention;  // one of the two
  Recurrence recurrence;
  nn::GatedMlp mlp;
  int64_t slot = 0;  // the first of its states
};

class RecurrentGemma final : public Backbone {
 public:
  RecurrentGemma(nn::ParameterSet& set, const RecurrentGemmaConfig& c) : config_(c), rotary_(c.rotary) {
    double rest = std::sqrt(c.w_init_variance_scale / static_cast<double>(c.conv1d_width));
    nn::Declare model(set, "model", rest);
    embed_tokens_ = nn::embedding(model / "embed_tokens", {c.vocab_size, c.hidden_size});
    for (int64_t i = 0; i < c.num_hidden_layers; ++i) layers_.push_back(make_layer(model / "layers" / i, i));
    norm_ = make_norm(model / "final_norm");
  }

  Var forward(Context& context, const nn::Batch& batch) const override {
    rotary_.prepare(batch.max_position);
    // The authors' factor is a bf16 number whatever the type of the rest.
    float scale = to_float(to_bf16(std::sqrt(static_cast<float>(config_.hidden_size))));
    autograd::BlockIo io{autograd::embedding(context, {{&**embed_tokens_, batch.ids.data(), config_.pad_token_id}},
                                             {.rows = batch.rows(), .scale = scale})};  // [rows, hidden_size]
    for (int64_t i = 0; i < config_.num_hidden_layers; ++i)
      io = autograd::block<&RecurrentGemma::layer>(context, *this, i, batch, std::move(io));
    return norm_(context, std::move(io.x), std::move(io.delta)).normed;
  }

  // Of a recurrent layer: the last inputs of the convolution, then the state; of another one: the keys of its window.
  std::vector<nn::LayerState> states() const override {
    std::vector<nn::LayerState> states;
    int64_t width = config_.num_key_value_heads * config_.head_dim;
    for (bool recurrent : config_.recurrent) {
      if (recurrent) {
        states.push_back(
            {.kind = nn::StateKind::kConvolution, .elements = (config_.conv1d_width - 1) * config_.lru_width});
        states.push_back({.kind = nn::StateKind::kRecurrent, .elements = config_.lru_width});
      } else {
        states.push_back({.kind = nn::StateKind::kWindowKeys,
                          .key_width = width,
                          .value_width = width,
                          .window = config_.attention_window_size});
      }
    }
    return states;
  }

  nn::WeightSlot* embed_tokens() const { return embed_tokens_; }

 private:
  autograd::BlockIo layer(Context& context, int64_t index, const nn::Batch& batch, autograd::BlockIo io) const {
    const Layer& l = layers_[static_cast<size_t>(index)];
    auto [x, h] = l.temporal_norm(context, std::move(io.x), std::move(io.delta));  // [rows, hidden_size]
    Var mixed = config_.recurrent[static_cast<size_t>(index)]
                    ? recur(context, l.recurrence, std::move(h), batch, l.slot)
                    : l.attention(context, std::move(h), batch, l.slot);
    auto [x2, h2] = l.channel_norm(context, std::move(x), std::move(mixed));
    return {std::move(x2), l.mlp(context, std::move(h2))};
  }

  // Section 2.4 of Griffin.
  Var recur(Context& context, const Recurrence& r, Var h, const nn::Batch& batch, int64_t slot) const {
    int64_t width = config_.lru_width;
    std::vector<float*> conv_states = nn::carried_elements(batch, slot).before,
                        states = nn::carried_elements(batch, slot + 1).before;
    Var yx = r.branches(context, std::move(h));  // [rows, y | x]
    Var x = autograd::causal_conv(
        context, {yx, width, width}, *r.conv, r.conv_bias,
        {.activation = kernels::Activation::kNone, .runs = batch.runs, .states = conv_states});  // [rows, lru_width]
    Var input_gate = autograd::block_linear(context, x, *r.input_gate, r.input_gate_bias);
    Var recurrent_gate = autograd::block_linear(context, x, *r.recurrent_gate, r.recurrent_gate_bias);
    Var states_of_rows =
        autograd::rg_lru(context, std::move(x), std::move(input_gate), std::move(recurrent_gate),
                         {.param = r.param, .positions = batch.positions, .runs = batch.runs, .states = states});
    Var gated = autograd::multiply(context, {std::move(states_of_rows), 0, width}, {std::move(yx), 0, width},
                                   config_.hidden_activation);
    return r.out(context, std::move(gated));
  }

  nn::Norm make_norm(const nn::Declare& declare) const {
    return nn::norm(declare, {.width = config_.hidden_size, .eps = config_.rms_norm_eps, .weight_offset = 1});
  }

  Layer make_layer(const nn::Declare& layer, int64_t index) {
    const RecurrentGemmaConfig& c = config_;
    Layer l;
    l.slot = next_slot_;
    l.temporal_norm = make_norm(layer / "temporal_pre_norm");
    if (c.recurrent[static_cast<size_t>(index)]) {
      l.recurrence = make_recurrence(layer / "temporal_block");
      next_slot_ += 2;
    } else {
      l.attention = make_attention(layer / "temporal_block");
      next_slot_ += 1;
    }
    l.channel_norm = make_norm(layer / "channel_pre_norm");
    l.mlp = nn::gated_mlp(layer / "mlp_block", {.width = c.hidden_size,
                                                .inner = c.intermediate_size / 2,  // published for gate and up together
                                                .activation = c.hidden_activation,
                                                .bias = true});
    return l;
  }

  double std_in() const { return 1 / std::sqrt(static_cast<double>(config_.hidden_size)); }
  // Of what is added to the residual stream, from so many features.
  double std_out(int64_t in) const { return std::sqrt(config_.final_w_init_variance_scale / static_cast<double>(in)); }

  nn::SelfAttention make_attention(const nn::Declare& declare) {
    const RecurrentGemmaConfig& c = config_;
    nn::Declare attention(declare.set(), declare.path(), std_in());
    return nn::SelfAttention(attention, {.width = c.hidden_size,
                                         .heads = c.num_attention_heads,
                                         .kv_heads = c.num_key_value_heads,
                                         .head_dim = c.head_dim,
                                         .dropout = c.attention_dropout,
                                         .mask = {.window = c.attention_window_size},
                                         .bias = c.attention_bias,
                                         .out_bias = true,
                                         .out_std = std_out(c.hidden_size),
                                         .rotary = &rotary_});
  }

  // A gate reads the channels of its own head alone; files hold each head's matrix as [in, out].
  Parameter* make_gate(const nn::Declare& lru, const char* name) const {
    int64_t heads = config_.num_attention_heads, width = config_.block_width();
    std::string tensor = lru.tensor(name);
    return lru.set().add({.name = tensor,
                          .shape = {heads, width, width},
                          .role = nn::Role::kBlocks,
                          .init = {.std = std::sqrt(config_.w_init_variance_scale / static_cast<double>(width))},
                          .sources = {{.name = tensor, .rows = heads * width, .layout = {nn::Layout::kTransposed}}}});
  }

  Recurrence make_recurrence(const nn::Declare& block) const {
    const RecurrentGemmaConfig& c = config_;
    nn::ParameterSet& set = block.set();
    nn::Declare lru = block / "rg_lru";
    Shape gates = {c.num_attention_heads, c.block_width()};
    Recurrence r;
    r.branches = nn::linear(block / "linear_yx", {.in = c.hidden_size,
                                                  .bias = true,
                                                  .std = std_in(),
                                                  .parts = {{"linear_y", c.lru_width}, {"linear_x", c.lru_width}}});
    r.conv = set.add({.name = block.tensor("conv_1d.weight"),
                      .shape = {c.lru_width, 1, c.conv1d_width},
                      .role = nn::Role::kConvolution,
                      .init = {.std = block.std()}});
    r.conv_bias = set.add({.name = block.tensor("conv_1d.bias"), .shape = {c.lru_width}});
    // Decays between 0.9 and 0.999 where the gate is an eighth open, evenly by their squares (appendix A).
    auto fill = [](uint64_t seed, float* values, int64_t n) {
      constexpr double kLow = 0.9 * 0.9, kHigh = 0.999 * 0.999;
      Rng rng(seed, 0);
      for (int64_t i = 0; i < n; ++i) {
        double square = kLow + rng.uniform() * (kHigh - kLow);
        values[i] = static_cast<float>(std::log(std::expm1(-0.5 * std::log(square))));
      }
    };
    r.param = set.add({.name = lru.tensor("recurrent_param"), .shape = {c.lru_width}, .init = {.fill = fill}});
    r.input_gate = make_gate(lru, "input_gate_weight");
    r.input_gate_bias = set.add({.name = lru.tensor("input_gate_bias"), .shape = gates});
    r.recurrent_gate = make_gate(lru, "recurrent_gate_weight");
    r.recurrent_gate_bias = set.add({.name = lru.tensor("recurrent_gate_bias"), .shape = gates});
    r.out = nn::linear(block / "linear_out",
                       {.in = c.lru_width, .out = c.hidden_size, .bias = true, .std = std_out(c.lru_width)});
    return r;
  }

  RecurrentGemmaConfig config_;
  mutable nn::Rotary rotary_;
  nn::WeightSlot* embed_tokens_ = nullptr;
  std::vector<Layer> layers_;
  nn::Norm norm_;
  int64_t next_slot_ = 0;
};

// A pattern that repeats; the first version's files have it under a private name.
std::vector<bool> read_pattern(ConfigFields& f, int64_t layers) {
  const char* key = f.has("block_types") ? "block_types" : "_block_types";
  std::vector<std::string> pattern = f.reader().texts(key);
  if (f.has("block_types")) f.reader().raw("_block_types");
  if (pattern.empty()) pattern = {"recurrent", "recurrent", "attention"};
  for (const std::string& type : pattern) {
    if (type != "recurrent" && type != "attention")
      f.fail(key, "'" + type + "' is not known", "use recurrent and attention");
  }
  std::vector<bool> recurrent;
  for (int64_t i = 0; i < layers; ++i)
    recurrent.push_back(pattern[static_cast<size_t>(i) % pattern.size()] == "recurrent");
  f.publish("block_types", pattern);
  return recurrent;
}

void check(ConfigFields& f, const RecurrentGemmaConfig& c) {
  f.refuse("rope_parameters", c.rotary.scaling != nn::RotaryScaling::kDefault,
           "rotary scaling is not supported for recurrent_gemma");
  f.refuse("embeddings_scale_by_sqrt_dim", !f.reader().boolean("embeddings_scale_by_sqrt_dim", true),
           "embeddings that are not scaled are not supported for recurrent_gemma");
  if (c.num_attention_heads % c.num_key_value_heads != 0)
    f.fail("num_attention_heads", "is not a multiple of num_key_value_heads", "change one of them");
  if (c.lru_width % c.num_attention_heads != 0)
    f.fail("lru_width", "is not a multiple of num_attention_heads", "change one of them");
  if (c.intermediate_size < 2) f.fail("intermediate_size", "must be 2 at least");
  if (c.conv1d_width > kernels::kMaxConvTaps)
    f.fail("conv1d_width", "is larger than " + std::to_string(kernels::kMaxConvTaps));
}

RecurrentGemmaConfig read(ConfigFields& f) {
  RecurrentGemmaConfig c{};
  c.vocab_size = f.size("vocab_size", {256000, {}, "it, or a tokenizer"});
  c.hidden_size = f.size("hidden_size", {2560, {}, "the width of the model"});
  c.num_hidden_layers = f.size("num_hidden_layers", {26, {}, "the number of layers"});
  c.intermediate_size = f.size("intermediate_size", {7680, 6 * c.hidden_size});
  c.num_attention_heads = f.size("num_attention_heads", {10, {}, "the number of heads"});
  c.num_key_value_heads = f.size("num_key_value_heads", {c.num_attention_heads, 1});
  int64_t head_dim = std::max<int64_t>(c.hidden_size / c.num_attention_heads, 1);
  c.head_dim = f.size("head_dim", {head_dim, head_dim});
  c.lru_width = f.size("lru_width", {c.hidden_size, c.hidden_size});
  c.conv1d_width = f.size("conv1d_width", {4, 4});
  c.attention_window_size = f.size("attention_window_size", "sliding_window", {2048, 2048});
  c.rms_norm_eps = f.number("rms_norm_eps", 1e-6, 0, 1);
  c.attention_dropout = f.number("attention_dropout", 0, 0, 0.99);
  c.logits_soft_cap = f.number("logits_soft_cap", 30, 1e-3, 1e9);
  c.w_init_variance_scale = f.number("w_init_variance_scale", 0.01, 0, 1e3);
  c.final_w_init_variance_scale =
      f.number("final_w_init_variance_scale", 2 / static_cast<double>(c.num_hidden_layers), 0, 1e3);
  c.hidden_activation = f.activation("hidden_activation", "gelu_pytorch_tanh");
  c.attention_bias = f.flag("attention_bias", false);
  c.tie_word_embeddings = f.flag("tie_word_embeddings", true);
  c.pad_token_id = f.token_id("pad_token_id", c.vocab_size, f.training() ? -1 : 0);
  if (c.num_hidden_layers > kMostLayers) {
    f.fail("num_hidden_layers", "is too large");
    return c;
  }
  c.recurrent = read_pattern(f, c.num_hidden_layers);
  c.rotary = f.rotary(c.head_dim, kNoLimit, 10000, 0.5);
  check(f, c);
  return c;
}

Parts make(ConfigFields& f, Task, int64_t) {
  RecurrentGemmaConfig c = read(f);
  Parts parts;
  if (f.failed()) return parts;
  auto backbone = std::make_unique<RecurrentGemma>(parts.parameters, c);
  add_lm_head(parts, backbone->embed_tokens(), c.tie_word_embeddings, "lm_head",
              std::sqrt(c.w_init_variance_scale / static_cast<double>(c.conv1d_width)));
  parts.head->softcap = static_cast<float>(c.logits_soft_cap);
  parts.backbone = std::move(backbone);
  parts.sizes = {c.vocab_size, c.hidden_size, c.num_hidden_layers, kNoLimit};
  return parts;
}

constexpr ModelClass kClasses[] = {{Task::kCausalLm, "RecurrentGemmaForCausalLM"}};
constexpr std::string_view kPrefixes[] = {"model."};
constexpr std::string_view kBuffers[] = {"rotary_emb.inv_freq", "rotary_emb.original_inv_freq", "normalizer"};
constexpr std::string_view kInert[] = {"max_position_embeddings", "hidden_act"};
constexpr std::string_view kHeads[] = {"lm_head."};

}  // namespace

extern const Family family{.model_type = "recurrent_gemma",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kPrefixes,
                           .head_prefixes = kHeads,
                           .buffers = kBuffers,
                           .inert = kInert};

}  // namespace malmoi::model::recurrent_gemma
