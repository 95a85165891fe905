// Mamba (Gu & Dao 2023): a recurrence of each channel whose step, input and output depend on what it reads.
#include <cmath>

#include "base/rng.h"
#include "model/families/lm_head.h"
#include "model/families/mamba_gguf.h"
#include "nn/blocks.h"

namespace malmoi::model::mamba {
namespace {

struct MambaConfig {
  int64_t vocab_size, hidden_size, num_hidden_layers, state_size, conv_kernel, inner, time_step_rank;
  double layer_norm_epsilon, initializer_range, time_step_min, time_step_max, time_step_floor, time_step_scale;
  bool use_bias, use_conv_bias, tie_word_embeddings, rescale_prenorm_residual, constant_steps;
};

struct Mixer {
  nn::Linear in, x, dt, out;
  Parameter *conv, *conv_bias, *a_log, *d;
};

struct Layer {
  nn::Norm norm;
  Mixer mixer;
};

class Mamba final : public Backbone {
 public:
  Mamba(nn::ParameterSet& set, const MambaConfig& c) : config_(c) {
    nn::Declare model(set, "backbone", c.initializer_range);
    embeddings_ = nn::embedding(model / "embeddings", {c.vocab_size, c.hidden_size});
    for (int64_t i = 0; i < c.num_hidden_layers; ++i) {
      nn::Declare layer = model / "layers" / i;
      nn::Norm norm = make_norm(layer / "norm");
      layers_.push_back({norm, make_mixer(layer / "mixer")});
    }
    norm_ = make_norm(model / "norm_f");
  }

  Var forward(Context& context, const nn::Batch& batch) const override {
    autograd::BlockIo io{autograd::embedding(context, {{&**embeddings_, batch.ids.data()}},
                                             {.rows = batch.rows()})};  // [rows, hidden_size]
    for (int64_t i = 0; i < config_.num_hidden_layers; ++i)
      io = autograd::block<&Mamba::layer>(context, *this, i, batch, std::move(io));
    return norm_(context, std::move(io.x), std::move(io.delta)).normed;
  }

  // Of each layer: the last inputs of the convolution, then the recurrent state.
  std::vector<nn::LayerState> states() const override {
    std::vector<nn::LayerState> states;
    for (int64_t i = 0; i < config_.num_hidden_layers; ++i) {
      states.push_back({.kind = nn::StateKind::kConvolution, .elements = (config_.conv_kernel - 1) * config_.inner});
      states.push_back({.kind = nn::StateKind::kRecurrent, .elements = config_.inner * config_.state_size});
    }
    return states;
  }

  nn::WeightSlot* embeddings() const { return embeddings_; }

 private:
  autograd::BlockIo layer(Context& context, int64_t index, const nn::Batch& batch, autograd::BlockIo io) const {
    const auto& [norm, m] = layers_[static_cast<size_t>(index)];
    int64_t inner = config_.inner, rank = config_.time_step_rank, state = config_.state_size;
    auto [x, h] = norm(context, std::move(io.x), std::move(io.delta));  // [rows, hidden_size]
    Var xz = m.in(context, std::move(h));                               // [rows, x | z]
    std::vector<float*> conv_states = nn::carried_elements(batch, 2 * index).before,
                        scan_states = nn::carried_elements(batch, 2 * index + 1).before;
    Var u = autograd::causal_conv(context, {xz, 0, inner}, *m.conv, m.conv_bias,
                                  {.runs = batch.runs, .states = conv_states});  // [rows, inner]
    Var selected = m.x(context, u);                                              // [rows, dt of rank | B | C]
    Var dt = m.dt(context, autograd::slice(context, {selected, 0, rank}));       // [rows, inner]
    autograd::Columns b{selected, rank, state}, c{std::move(selected), rank + state, state};
    Var y = autograd::selective_scan(
        context, {std::move(u), 0, inner}, {std::move(dt), 0, inner}, std::move(b), std::move(c),
        {.a_log = m.a_log, .d = m.d, .runs = batch.runs, .states = scan_states});  // [rows, inner]
    y = autograd::multiply(context, {std::move(y), 0, inner}, {std::move(xz), inner, inner},
                           kernels::Activation::kSilu);
    return {std::move(x), m.out(context, std::move(y))};
  }

  nn::Norm make_norm(const nn::Declare& declare) const {
    return nn::norm(declare, {.width = config_.hidden_size, .eps = config_.layer_norm_epsilon});
  }

  Mixer make_mixer(const nn::Declare& mixer) const {
    const MambaConfig& c = config_;
    nn::ParameterSet& set = mixer.set();
    Mixer m;
    m.in = nn::linear(mixer / "in_proj", {.in = c.hidden_size, .out = 2 * c.inner, .bias = c.use_bias});
    m.conv = set.add({.name = mixer.tensor("conv1d.weight"),
                      .shape = {c.inner, 1, c.conv_kernel},
                      .role = nn::Role::kConvolution,
                      .init = {.std = 1 / std::sqrt(3.0 * static_cast<double>(c.conv_kernel))}});
    m.conv_bias = c.use_conv_bias ? set.add({.name = mixer.tensor("conv1d.bias"), .shape = {c.inner}}) : nullptr;
    m.x = nn::linear(mixer / "x_proj", {.in = c.inner, .out = c.time_step_rank + 2 * c.state_size});
    m.dt = make_steps(mixer / "dt_proj");
    // Section 3.6: the real part of S4D, -1 .. -state_size in each channel.
    auto fill_a = [states = c.state_size](uint64_t, float* values, int64_t n) {
      for (int64_t i = 0; i < n; ++i) values[i] = std::log(static_cast<float>(i % states + 1));
    };
    m.a_log = set.add({.name = mixer.tensor("A_log"), .shape = {c.inner, c.state_size}, .init = {.fill = fill_a}});
    m.d = set.add({.name = mixer.tensor("D"), .shape = {c.inner}, .init = {.constant = 1}});
    // Residual projections start smaller where asked for: the variance of their sum does not grow with depth.
    double out_std = 1 / std::sqrt(3.0 * static_cast<double>(c.inner));
    if (c.rescale_prenorm_residual) out_std /= std::sqrt(static_cast<double>(c.num_hidden_layers));
    m.out = nn::linear(mixer / "out_proj", {.in = c.inner, .out = c.hidden_size, .bias = c.use_bias, .std = out_std});
    return m;
  }

  // The projection of steps: its bias is the inverse softplus of steps that lie between min and max, evenly by logarithm.
  nn::Linear make_steps(const nn::Declare& declare) const {
    const MambaConfig& c = config_;
    double size = c.time_step_scale / std::sqrt(static_cast<double>(c.time_step_rank));
    auto fill_weight = [size, constant = c.constant_steps](uint64_t seed, float* values, int64_t n) {
      Rng rng(seed, 0);
      for (int64_t i = 0; i < n; ++i) values[i] = static_cast<float>(constant ? size : size * (2 * rng.uniform() - 1));
    };
    auto fill_bias = [c](uint64_t seed, float* values, int64_t n) {
      Rng rng(seed, 0);
      double low = std::log(c.time_step_min), high = std::log(c.time_step_max);
      for (int64_t i = 0; i < n; ++i) {
        double step = std::max(std::exp(low + rng.uniform() * (high - low)), c.time_step_floor);
        values[i] = static_cast<float>(step + std::log(-std::expm1(-step)));
      }
    };
    return nn::linear(
        declare, {.in = c.time_step_rank, .out = c.inner, .bias = true, .fill = fill_weight, .fill_bias = fill_bias});
  }

  MambaConfig config_;
  nn::WeightSlot* embeddings_ = nullptr;
  std::vector<Layer> layers_;
  nn::Norm norm_;
};

MambaConfig read(ConfigFields& f) {
  MambaConfig c{};
  c.vocab_size = f.size("vocab_size", {50280, {}, "it, or a tokenizer"});
  c.hidden_size = f.size("hidden_size", {768, {}, "the width of the model"});
  c.num_hidden_layers = f.size("num_hidden_layers", {32, {}, "the number of layers"});
  int64_t expanded = f.size("expand", {2, 2}) * c.hidden_size;
  c.inner = f.size("intermediate_size", {expanded, expanded});  // holds where it is given
  c.state_size = f.size("state_size", {16, 16});
  c.conv_kernel = f.size("conv_kernel", {4, 4});
  int64_t rank = (c.hidden_size + 15) / 16;  // of "auto"
  const Json& given = f.reader().raw("time_step_rank");
  if (given.is_string() && given != "auto") f.fail("time_step_rank", "a number or \"auto\" was expected");
  if (given.is_string()) f.publish("time_step_rank", rank);
  c.time_step_rank = given.is_string() ? rank : f.size("time_step_rank", {rank, rank});
  c.layer_norm_epsilon = f.number("layer_norm_epsilon", 1e-5, 0, 1);
  c.initializer_range = f.number("initializer_range", f.training() ? 0.02 : 0.1, 0, 1);
  c.time_step_min = f.number("time_step_min", 0.001, 1e-9, 1e3);
  c.time_step_max = f.number("time_step_max", 0.1, 1e-9, 1e3);
  c.time_step_floor = f.number("time_step_floor", 1e-4, 0, 1e3);
  c.time_step_scale = f.number("time_step_scale", 1, 0, 1e3);
  std::string scheme = f.text("time_step_init_scheme", "random");
  if (scheme != "random" && scheme != "constant")
    f.fail("time_step_init_scheme", "'" + scheme + "' is not known", "use random or constant");
  c.constant_steps = scheme == "constant";
  c.use_bias = f.flag("use_bias", false);
  c.use_conv_bias = f.flag("use_conv_bias", true);
  c.tie_word_embeddings = f.flag("tie_word_embeddings", true);
  c.rescale_prenorm_residual = f.flag("rescale_prenorm_residual", false);
  f.flag("residual_in_fp32", true);  // the residual stream has the type of activations here
  f.refuse("hidden_act", f.activation("hidden_act", "silu") != kernels::Activation::kSilu, "mamba has silu alone");
  f.refuse("rms_norm", !f.reader().boolean("rms_norm", true), "mamba has RMS norms alone");
  const Json& layers = f.reader().raw("ssm_cfg");
  f.refuse("ssm_cfg", layers.is_object() && !layers.empty(),
           "layers other than Mamba's first are not supported for mamba");
  f.refuse("dt_b_c_rms", f.reader().boolean("dt_b_c_rms", false),
           "norms of dt, B and C, as Falcon Mamba has them, are not supported for mamba");
  if (c.conv_kernel > kernels::kMaxConvTaps)
    f.fail("conv_kernel", "is larger than " + std::to_string(kernels::kMaxConvTaps));
  if (c.state_size > kernels::kMaxSelectiveStates)
    f.fail("state_size", "is larger than " + std::to_string(kernels::kMaxSelectiveStates));
  if (c.num_hidden_layers > kMostLayers) f.fail("num_hidden_layers", "is too large");
  return c;
}

Parts make(ConfigFields& f, Task, int64_t) {
  MambaConfig c = read(f);
  Parts parts;
  if (f.failed()) return parts;
  auto backbone = std::make_unique<Mamba>(parts.parameters, c);
  add_lm_head(parts, backbone->embeddings(), c.tie_word_embeddings, "lm_head", c.initializer_range);
  parts.backbone = std::move(backbone);
  parts.sizes = {c.vocab_size, c.hidden_size, c.num_hidden_layers, kNoLimit};
  return parts;
}

constexpr ModelClass kClasses[] = {{Task::kCausalLm, "MambaForCausalLM"}};
constexpr std::string_view kPrefixes[] = {"backbone."};
constexpr Family::Alias kAliases[] = {{"embeddings.weight", "embedding.weight"}};
// What the first files repeat of the configuration that they were converted from, and ways to compute the same.
constexpr std::string_view kInert[] = {"d_model",
                                       "d_inner",
                                       "n_layer",
                                       "fused_add_norm",
                                       "use_mambapy",
                                       "use_associative_scan",
                                       "pad_vocab_size_multiple",
                                       "max_position_embeddings",
                                       "num_attention_heads"};
constexpr std::string_view kHeads[] = {"lm_head."};

constexpr GgufField kGgufFields[] = {{"hidden_size", "embedding_length"},
                                     {"intermediate_size", "ssm.inner_size"},
                                     {"num_hidden_layers", "block_count"},
                                     {"time_step_rank", "ssm.time_step_rank"},
                                     {"state_size", "ssm.state_size"},
                                     {"conv_kernel", "ssm.conv_kernel"},
                                     {"layer_norm_epsilon", "attention.layer_norm_rms_epsilon"},
                                     {"dt_b_c_rms", "ssm.dt_b_c_rms"}};
constexpr GgufName kGgufNames[] = {{"backbone.embeddings.", "token_embd."},
                                   {"backbone.norm_f.", "output_norm."},
                                   {"lm_head.", "output."},
                                   {"backbone.layers.", "blk."},
                                   {".norm.", ".attn_norm."},
                                   {".mixer.in_proj.", ".ssm_in."},
                                   {".mixer.x_proj.", ".ssm_x."},
                                   {".mixer.dt_proj.", ".ssm_dt."},
                                   {".mixer.out_proj.", ".ssm_out."},
                                   {".mixer.conv1d.", ".ssm_conv1d.", GgufChange::kNone, GgufShape::kSqueezed},
                                   {".mixer.A_log", ".ssm_a", GgufChange::kNegativeExp},
                                   {".mixer.D", ".ssm_d"}};
constexpr GgufSwitch kGgufSwitches[] = {{"use_bias", "blk.0.ssm_in.bias"}, {"use_conv_bias", "blk.0.ssm_conv1d.bias"}};
constexpr std::string_view kGgufInert[] = {"context_length", "feed_forward_length", "attention.head_count"};

// How often the width is taken, where it is so.
void derive(Json& config, const formats::Gguf& file) {
  const int64_t inner = file.integer_or("mamba.ssm.inner_size", 0),
                width = file.integer_or("mamba.embedding_length", 0);
  if (width > 0 && inner % width == 0 && inner > 0) config["expand"] = inner / width;
}

Status describe(const Json&, formats::GgufMetadata& metadata) {
  describe_without_attention("mamba", metadata);
  return {};
}

constexpr GgufDialect kGguf{.architecture = "mamba",
                            .fields = kGgufFields,
                            .switches = kGgufSwitches,
                            .names = kGgufNames,
                            .inert = kGgufInert,
                            .derive = derive,
                            .describe = describe};

}  // namespace

extern const Family family{.model_type = "mamba",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kPrefixes,
                           .aliases = kAliases,
                           .head_prefixes = kHeads,
                           .inert = kInert,
                           .gguf = &kGguf};

}  // namespace malmoi::model::mamba
