// Falcon-H1 (Zuo et al. 2025): in each layer attention and Mamba-2 read the same rows side by side; maximal update
// parametrisation is left in the model as factors.
#include <algorithm>
#include <array>
#include <tuple>
#include <vector>

#include "model/families/falcon_h1_gguf.h"
#include "model/families/lm_head.h"
#include "model/families/mamba2.h"
#include "nn/blocks.h"
#include "nn/mamba2_mixer.h"

namespace malmoi::model::falcon_h1 {
namespace {

struct FalconH1Config {
  int64_t vocab_size, hidden_size, intermediate_size, num_hidden_layers, num_attention_heads, num_key_value_heads,
      head_dim, max_position_embeddings;
  double rms_norm_eps, initializer_range, attention_dropout;
  double embedding_multiplier, lm_head_multiplier, attention_in_multiplier, attention_out_multiplier, key_multiplier,
      ssm_out_multiplier;
  std::array<double, 2> mlp_multipliers;  // of the gate, of what comes out
  bool tie_word_embeddings, attention_bias, mlp_bias;
  int32_t pad_token_id;
  nn::RotaryConfig rotary;
  nn::Mamba2MixerSpec mixer;
};

struct Layer {
  nn::Norm input_norm, mlp_norm;
  nn::SelfAttention attention;
  nn::Mamba2Mixer mixer;
  nn::GatedMlp mlp;
};

class FalconH1 final : public Backbone {
 public:
  FalconH1(nn::ParameterSet& set, const FalconH1Config& c) : config_(c), rotary_(c.rotary) {
    nn::Declare model(set, "model", c.initializer_range);
    embed_tokens_ = nn::embedding(model / "embed_tokens", {c.vocab_size, c.hidden_size});
    for (int64_t i = 0; i < c.num_hidden_layers; ++i) layers_.push_back(make_layer(model / "layers" / i));
    norm_ = make_norm(model / "final_layernorm");
  }

  Var forward(Context& context, const nn::Batch& batch) const override {
    rotary_.prepare(batch.max_position);
    autograd::BlockIo io{autograd::embedding(
        context, {{&**embed_tokens_, batch.ids.data(), config_.pad_token_id}},
        {.rows = batch.rows(), .scale = static_cast<float>(config_.embedding_multiplier)})};  // [rows, hidden_size]
    for (int64_t i = 0; i < config_.num_hidden_layers; ++i)
      io = autograd::block<&FalconH1::layer>(context, *this, i, batch, std::move(io));
    return norm_(context, std::move(io.x), std::move(io.delta)).normed;
  }

  // Of each layer: keys, then the states of the mixer.
  std::vector<nn::LayerState> states() const override {
    int64_t width = config_.num_key_value_heads * config_.head_dim;
    auto [convolution, scan] = nn::Mamba2Mixer::states(config_.mixer);
    std::vector<nn::LayerState> states;
    for (int64_t i = 0; i < config_.num_hidden_layers; ++i) {
      states.push_back({.kind = nn::StateKind::kPagedKeys, .key_width = width, .value_width = width});
      states.push_back(convolution);
      states.push_back(scan);
    }
    return states;
  }

  nn::WeightSlot* embed_tokens() const { return embed_tokens_; }

 private:
  static constexpr int64_t kSlots = 3;  // of a layer

  autograd::BlockIo layer(Context& context, int64_t index, const nn::Batch& batch, autograd::BlockIo io) const {
    const Layer& l = layers_[static_cast<size_t>(index)];
    auto [x, h] = l.input_norm(context, std::move(io.x), std::move(io.delta));  // [rows, hidden_size]
    Var mixed = autograd::scale(context, l.mixer(context, h, batch, kSlots * index + 1), config_.ssm_out_multiplier);
    h = autograd::scale(context, std::move(h), config_.attention_in_multiplier);
    Var attended = autograd::scale(context, l.attention(context, std::move(h), batch, kSlots * index),
                                   config_.attention_out_multiplier);
    auto [x2, h2] = l.mlp_norm(context, std::move(x), autograd::add(context, std::move(mixed), std::move(attended)));
    return {std::move(x2), l.mlp(context, std::move(h2))};
  }

  nn::Norm make_norm(const nn::Declare& declare) const {
    return nn::norm(declare, {.width = config_.hidden_size, .eps = config_.rms_norm_eps});
  }

  Layer make_layer(const nn::Declare& layer) {
    const FalconH1Config& c = config_;
    Layer l;
    l.input_norm = make_norm(layer / "input_layernorm");
    l.attention = nn::SelfAttention(layer / "self_attn", {.width = c.hidden_size,
                                                          .heads = c.num_attention_heads,
                                                          .kv_heads = c.num_key_value_heads,
                                                          .head_dim = c.head_dim,
                                                          .dropout = c.attention_dropout,
                                                          .bias = c.attention_bias,
                                                          .out_bias = c.attention_bias,
                                                          .rotary = &rotary_,
                                                          .key_scale = c.key_multiplier});
    l.mixer = nn::Mamba2Mixer(layer / "mamba", c.mixer);
    l.mlp_norm = make_norm(layer / "pre_ff_layernorm");
    l.mlp = nn::gated_mlp(layer / "feed_forward", {.width = c.hidden_size,
                                                   .inner = c.intermediate_size,
                                                   .bias = c.mlp_bias,
                                                   .gate_scale = c.mlp_multipliers[0],
                                                   .out_scale = c.mlp_multipliers[1]});
    return l;
  }

  FalconH1Config config_;
  mutable nn::Rotary rotary_;
  nn::WeightSlot* embed_tokens_ = nullptr;
  std::vector<Layer> layers_;
  nn::Norm norm_;
};

constexpr double kLargestFactor = 1e9;

double read_factor(ConfigFields& f, const char* key) { return f.number(key, 1, -kLargestFactor, kLargestFactor); }

// As many factors as there are parts; ones where there is no list.
template <size_t kParts>
std::array<double, kParts> read_factors(ConfigFields& f, const char* key) {
  std::vector<double> list = f.reader().numbers(key, std::vector<double>(kParts, 1.0));
  std::array<double, kParts> factors{};
  if (list.size() == kParts) std::copy(list.begin(), list.end(), factors.begin());
  else f.fail(key, std::to_string(kParts) + " numbers were expected");
  f.publish(key, factors);
  return factors;
}

// A null says another size than an absent field.
int64_t size_or_null(ConfigFields& f, const char* key, const SizeDefault& absent, int64_t null) {
  bool is_null = f.reader().present(key) && !f.has(key);
  return f.size(key, is_null ? SizeDefault{null, null} : absent);
}

nn::Mamba2MixerSpec read_mixer(ConfigFields& f, const FalconH1Config& c) {
  nn::Mamba2MixerSpec m;
  m.width = c.hidden_size;
  int64_t expanded = f.size("mamba_expand", {2, 2}) * c.hidden_size;
  int64_t inner = size_or_null(f, "mamba_d_ssm", {1024, expanded}, expanded);
  m.heads = f.size("mamba_n_heads", {128, std::max<int64_t>(inner / 64, 1)});
  int64_t even = std::max<int64_t>(inner / m.heads, 1);
  if (f.reader().raw("mamba_d_head") == "auto") f.publish("mamba_d_head", m.head_dim = even);
  else m.head_dim = f.size("mamba_d_head", {even, even});
  m.groups = f.size("mamba_n_groups", {1, 1});
  m.state_size = f.size("mamba_d_state", {256, 64});
  m.taps = f.size("mamba_d_conv", {4, 4});
  m.in_bias = f.flag("mamba_proj_bias", false);
  m.out_bias = f.flag("projectors_bias", false);
  m.conv_bias = f.flag("mamba_conv_bias", true);
  bool norm_first = f.flag("mamba_norm_before_gate", true);
  bool normed = f.flag("mamba_rms_norm", false);
  m.gate = !normed ? nn::MixerGate::kAlone : norm_first ? nn::MixerGate::kAfterNorm : nn::MixerGate::kBeforeNorm;
  m.norm_eps = c.rms_norm_eps;
  std::tie(m.dt_min, m.dt_max) = read_time_step_limit(f);
  m.in_scale = read_factor(f, "ssm_in_multiplier");
  m.part_scales = read_factors<5>(f, "ssm_multipliers");
  f.integer("mamba_chunk_size", 256, 1);  // only an order of computation
  if (m.inner() != inner)
    f.fail("mamba_n_heads", "times mamba_d_head is not mamba_d_ssm, " + std::to_string(inner), "change one of them");
  if (m.heads % m.groups != 0) f.fail("mamba_n_heads", "is not a multiple of mamba_n_groups", "change one of them");
  if (m.taps > kernels::kMaxConvTaps) f.fail("mamba_d_conv", "is larger than " + std::to_string(kernels::kMaxConvTaps));
  return m;
}

FalconH1Config read(ConfigFields& f) {
  FalconH1Config c{};
  c.vocab_size = f.size("vocab_size", {128000, {}, "it, or a tokenizer"});
  c.hidden_size = f.size("hidden_size", {4096, {}, "the width of the model"});
  // A gated MLP has three matrices where a plain one has two: 8/3 of the width costs the same (Shazeer 2020).
  c.intermediate_size = f.size("intermediate_size", {14336, gated_width(c.hidden_size)});
  c.num_hidden_layers = f.size("num_hidden_layers", {32, {}, "the number of layers"});
  c.num_attention_heads = f.size("num_attention_heads", {32, {}, "the number of heads"});
  c.num_key_value_heads = size_or_null(f, "num_key_value_heads", {8, c.num_attention_heads}, c.num_attention_heads);
  int64_t even = std::max<int64_t>(c.hidden_size / c.num_attention_heads, 1);
  c.head_dim = f.size("head_dim", {even, even});
  c.max_position_embeddings = f.size("max_position_embeddings", {8192});
  c.rotary = f.rotary(c.head_dim, c.max_position_embeddings, 10000);
  c.rms_norm_eps = f.number("rms_norm_eps", 1e-5, 0, 1);
  c.initializer_range = f.number("initializer_range", 0.02, 0, 1);
  c.attention_dropout = f.number("attention_dropout", 0, 0, 0.99);
  c.attention_bias = f.flag("attention_bias", false);
  c.mlp_bias = f.flag("mlp_bias", false);
  c.tie_word_embeddings = f.flag("tie_word_embeddings", false);
  c.pad_token_id = f.token_id("pad_token_id", c.vocab_size, f.training() ? -1 : 0);
  c.embedding_multiplier = read_factor(f, "embedding_multiplier");
  c.lm_head_multiplier = read_factor(f, "lm_head_multiplier");
  c.attention_in_multiplier = read_factor(f, "attention_in_multiplier");
  c.attention_out_multiplier = read_factor(f, "attention_out_multiplier");
  c.key_multiplier = read_factor(f, "key_multiplier");
  c.ssm_out_multiplier = read_factor(f, "ssm_out_multiplier");
  c.mlp_multipliers = read_factors<2>(f, "mlp_multipliers");
  c.mixer = read_mixer(f, c);
  f.refuse("hidden_act", f.activation("hidden_act", "silu") != kernels::Activation::kSilu, "falcon_h1 has silu alone");
  if (c.num_attention_heads % c.num_key_value_heads != 0)
    f.fail("num_attention_heads", "is not a multiple of num_key_value_heads", "change one of them");
  if (c.num_hidden_layers > kMostLayers) f.fail("num_hidden_layers", "is too large");
  return c;
}

Parts make(ConfigFields& f, Task, int64_t) {
  FalconH1Config c = read(f);
  Parts parts;
  if (f.failed()) return parts;
  auto backbone = std::make_unique<FalconH1>(parts.parameters, c);
  add_lm_head(parts, backbone->embed_tokens(), c.tie_word_embeddings, "lm_head", c.initializer_range);
  parts.head->logit_scale = static_cast<float>(c.lm_head_multiplier);
  parts.backbone = std::move(backbone);
  parts.sizes = {c.vocab_size, c.hidden_size, c.num_hidden_layers, c.max_position_embeddings};
  parts.sizes.switch_length = c.rotary.switch_length();
  return parts;
}

constexpr ModelClass kClasses[] = {{Task::kCausalLm, "FalconH1ForCausalLM"}};
constexpr std::string_view kPrefixes[] = {"model."};
constexpr std::string_view kHeads[] = {"lm_head."};
constexpr std::string_view kBuffers[] = {"rotary_emb.inv_freq", "mamba.mup_vector"};
constexpr std::string_view kInert[] = {"num_logits_to_keep",  "attn_layer_indices", "mamba_use_mlp",
                                       "time_step_min",       "time_step_max",      "time_step_floor",
                                       "mlp_expansion_factor"};

}  // namespace

extern const Family family{.model_type = "falcon_h1",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kPrefixes,
                           .head_prefixes = kHeads,
                           .buffers = kBuffers,
                           .inert = kInert,
                           .gguf = &kFalconH1Gguf};

}  // namespace malmoi::model::falcon_h1
