// Mamba-2 (Dao & Gu 2024): a recurrence whose step depends on what it reads, behind a short convolution.
#include <cmath>
#include <limits>
#include <tuple>

#include "base/rng.h"
#include "model/families/lm_head.h"
#include "model/families/mamba2.h"
#include "model/families/mamba_gguf.h"
#include "nn/blocks.h"
#include "nn/mamba2_mixer.h"

namespace malmoi::model {

std::pair<double, double> read_time_step_limit(ConfigFields& f) {
  const Json& limit = f.reader().raw("time_step_limit");
  double least = 0, most = std::numeric_limits<double>::infinity();
  if (limit.is_array() && limit.size() == 2) {
    if (limit[0].is_number()) least = limit[0].get<double>();
    if (limit[1].is_number()) most = limit[1].get<double>();
  } else if (!limit.is_null()) {
    f.fail("time_step_limit", "two numbers were expected");
  }
  if (!(least >= 0 && least <= most)) f.fail("time_step_limit", "is not a range of steps");
  Json published = std::isinf(most) ? Json{{"__float__", "Infinity"}} : Json(most);
  f.publish("time_step_limit", Json::array({least, published}));
  return {least, most};
}

}  // namespace malmoi::model

namespace malmoi::model::mamba2 {
namespace {

struct Mamba2Config {
  int64_t vocab_size, hidden_size, num_hidden_layers, num_heads, head_dim, state_size, conv_kernel, n_groups, expand;
  double layer_norm_epsilon, initializer_range, time_step_min, time_step_max, time_step_floor, dt_least, dt_most;
  bool use_bias, use_conv_bias, tie_word_embeddings, rescale_prenorm_residual;
};

struct Layer {
  nn::Norm norm;
  nn::Mamba2Mixer mixer;
};

// -log of steps that lie between min and max, evenly by logarithm: softplus of it is the step (section 6 of the code paper).
void fill_dt_bias(const Mamba2Config& c, uint64_t seed, float* values, int64_t n) {
  Rng rng(seed, 0);
  double low = std::log(c.time_step_min), high = std::log(c.time_step_max);
  for (int64_t i = 0; i < n; ++i) {
    double step = std::max(std::exp(low + rng.uniform() * (high - low)), c.time_step_floor);
    values[i] = static_cast<float>(step + std::log(-std::expm1(-step)));
  }
}

class Mamba2 final : public Backbone {
 public:
  Mamba2(nn::ParameterSet& set, const Mamba2Config& c) : config_(c) {
    nn::Declare model(set, "backbone", c.initializer_range);
    embeddings_ = nn::embedding(model / "embeddings", {c.vocab_size, c.hidden_size});
    for (int64_t i = 0; i < c.num_hidden_layers; ++i) {
      nn::Declare layer = model / "layers" / i;
      layers_.push_back({make_norm(layer / "norm"), nn::Mamba2Mixer(layer / "mixer", mixer_spec())});
    }
    norm_ = make_norm(model / "norm_f");
  }

  Var forward(Context& context, const nn::Batch& batch) const override {
    autograd::BlockIo io{autograd::embedding(context, {{&**embeddings_, batch.ids.data()}},
                                             {.rows = batch.rows()})};  // [rows, hidden_size]
    for (int64_t i = 0; i < config_.num_hidden_layers; ++i)
      io = autograd::block<&Mamba2::layer>(context, *this, i, batch, std::move(io));
    return norm_(context, std::move(io.x), std::move(io.delta)).normed;
  }

  std::vector<nn::LayerState> states() const override {
    std::vector<nn::LayerState> states;
    for (int64_t i = 0; i < config_.num_hidden_layers; ++i) {
      for (const nn::LayerState& state : nn::Mamba2Mixer::states(mixer_spec())) states.push_back(state);
    }
    return states;
  }

  bool carries_states() const override { return true; }

  nn::WeightSlot* embeddings() const { return embeddings_; }

 private:
  autograd::BlockIo layer(Context& context, int64_t index, const nn::Batch& batch, autograd::BlockIo io) const {
    const auto& [norm, mixer] = layers_[static_cast<size_t>(index)];
    auto [x, h] = norm(context, std::move(io.x), std::move(io.delta));  // [rows, hidden_size]
    return {std::move(x), mixer(context, std::move(h), batch, 2 * index)};
  }

  nn::Norm make_norm(const nn::Declare& declare) const {
    return nn::norm(declare, {.width = config_.hidden_size, .eps = config_.layer_norm_epsilon});
  }

  nn::Mamba2MixerSpec mixer_spec() const {
    const Mamba2Config& c = config_;
    // Residual projections start smaller where asked for: the variance of their sum does not grow with depth.
    double out_std =
        c.rescale_prenorm_residual ? c.initializer_range / std::sqrt(static_cast<double>(c.num_hidden_layers)) : -1;
    return {.width = c.hidden_size,
            .heads = c.num_heads,
            .head_dim = c.head_dim,
            .groups = c.n_groups,
            .state_size = c.state_size,
            .taps = c.conv_kernel,
            .in_bias = c.use_bias,
            .out_bias = c.use_bias,
            .conv_bias = c.use_conv_bias,
            .norm_eps = c.layer_norm_epsilon,
            .dt_min = c.dt_least,
            .dt_max = c.dt_most,
            .out_std = out_std,
            .fill_dt_bias = [c](uint64_t seed, float* values, int64_t n) { fill_dt_bias(c, seed, values, n); }};
  }

  Mamba2Config config_;
  nn::WeightSlot* embeddings_ = nullptr;
  std::vector<Layer> layers_;
  nn::Norm norm_;
};

Mamba2Config read(ConfigFields& f) {
  Mamba2Config c{};
  c.vocab_size = f.size("vocab_size", {32768, {}, "it, or a tokenizer"});
  c.hidden_size = f.size("hidden_size", {4096, {}, "the width of the model"});
  c.num_hidden_layers = f.size("num_hidden_layers", {64, {}, "the number of layers"});
  c.expand = f.size("expand", {2, 2});
  int64_t inner = c.expand * c.hidden_size, small_heads = std::max<int64_t>(inner / 64, 1);
  c.num_heads = f.size("num_heads", "num_attention_heads", {128, small_heads});
  c.head_dim = f.size("head_dim", {64, std::max<int64_t>(inner / c.num_heads, 1)});
  c.state_size = f.size("state_size", {128, 64});
  c.conv_kernel = f.size("conv_kernel", {4, 4});
  c.n_groups = f.size("n_groups", {8, 1});
  c.layer_norm_epsilon = f.number("layer_norm_epsilon", 1e-5, 0, 1);
  c.initializer_range = f.number("initializer_range", f.training() ? 0.02 : 0.1, 0, 1);
  c.time_step_min = f.number("time_step_min", 0.001, 1e-9, 1e3);
  c.time_step_max = f.number("time_step_max", 0.1, 1e-9, 1e3);
  c.time_step_floor = f.number("time_step_floor", 1e-4, 0, 1e3);
  std::tie(c.dt_least, c.dt_most) = read_time_step_limit(f);
  c.use_bias = f.flag("use_bias", false);
  c.use_conv_bias = f.flag("use_conv_bias", true);
  c.tie_word_embeddings = f.flag("tie_word_embeddings", false);
  c.rescale_prenorm_residual = f.flag("rescale_prenorm_residual", false);
  f.flag("residual_in_fp32", true);  // the residual stream has the type of activations here
  f.integer("chunk_size", 256, 1);   // only an order of computation
  f.refuse("hidden_act", f.text("hidden_act", "silu") != std::string("silu"), "mamba2 has silu alone");
  if (inner != c.num_heads * c.head_dim)
    f.fail("num_heads", "times head_dim is not expand times hidden_size, " + std::to_string(inner),
           "change one of them");
  if (c.num_heads % c.n_groups != 0) f.fail("num_heads", "is not a multiple of n_groups", "change one of them");
  if (c.conv_kernel > kernels::kMaxConvTaps)
    f.fail("conv_kernel", "is larger than " + std::to_string(kernels::kMaxConvTaps));
  if (c.num_hidden_layers > kMostLayers) f.fail("num_hidden_layers", "is too large");
  return c;
}

Parts make(ConfigFields& f, Task, int64_t) {
  Mamba2Config c = read(f);
  Parts parts;
  if (f.failed()) return parts;
  auto backbone = std::make_unique<Mamba2>(parts.parameters, c);
  add_lm_head(parts, backbone->embeddings(), c.tie_word_embeddings, "lm_head", c.initializer_range);
  parts.backbone = std::move(backbone);
  parts.sizes = {c.vocab_size, c.hidden_size, c.num_hidden_layers, kNoLimit};
  return parts;
}

constexpr ModelClass kClasses[] = {{Task::kCausalLm, "Mamba2ForCausalLM"}};
constexpr std::string_view kPrefixes[] = {"backbone."};
constexpr Family::Alias kAliases[] = {{"embeddings.weight", "embedding.weight"}};
constexpr std::string_view kInert[] = {"time_step_rank", "norm_before_gate", "rms_norm", "max_position_embeddings"};
constexpr std::string_view kHeads[] = {"lm_head."};

constexpr GgufField kGgufFields[] = {{"hidden_size", "embedding_length"},
                                     {"num_hidden_layers", "block_count"},
                                     {"num_heads", "ssm.time_step_rank"},
                                     {"state_size", "ssm.state_size"},
                                     {"n_groups", "ssm.group_count"},
                                     {"conv_kernel", "ssm.conv_kernel"},
                                     {"layer_norm_epsilon", "attention.layer_norm_rms_epsilon"}};
constexpr GgufName kGgufNames[] = {{"backbone.embeddings.", "token_embd."},
                                   {"backbone.norm_f.", "output_norm."},
                                   {"lm_head.", "output."},
                                   {"backbone.layers.", "blk."},
                                   {".mixer.norm.", ".ssm_norm.", GgufChange::kNone, GgufShape::kGroups},
                                   {".norm.", ".attn_norm."},
                                   {".mixer.in_proj.", ".ssm_in."},
                                   {".mixer.out_proj.", ".ssm_out."},
                                   {".mixer.conv1d.", ".ssm_conv1d.", GgufChange::kNone, GgufShape::kSqueezed},
                                   {".mixer.dt_bias", ".ssm_dt.bias"},
                                   {".mixer.A_log", ".ssm_a", GgufChange::kNegativeExp, GgufShape::kColumn},
                                   {".mixer.D", ".ssm_d", GgufChange::kNone, GgufShape::kColumn}};
constexpr std::string_view kGgufInert[] = {"context_length", "feed_forward_length", "attention.head_count",
                                           "ssm.inner_size"};

Status describe(const Json& config, formats::GgufMetadata& metadata) {
  describe_without_attention("mamba2", metadata);
  const auto inner = config["num_heads"].get<int64_t>() * config["head_dim"].get<int64_t>();
  metadata.set_u32("mamba2.ssm.inner_size", static_cast<uint32_t>(inner));
  return {};
}

constexpr GgufDialect kGguf{.architecture = "mamba2",
                            .fields = kGgufFields,
                            .names = kGgufNames,
                            .inert = kGgufInert,
                            .derive =
                                [](Json& config, const formats::Gguf& file) {
                                  int64_t inner = file.integer_or("mamba2.ssm.inner_size", 0);
                                  int64_t heads = file.integer_or("mamba2.ssm.time_step_rank", 0);
                                  int64_t width = file.integer_or("mamba2.embedding_length", 0);
                                  if (heads > 0) config["head_dim"] = inner / heads;
                                  if (width > 0) config["expand"] = inner / width;
                                  config["use_bias"] = file.tensor("blk.0.ssm_in.bias") != nullptr;
                                },
                            .describe = describe};

}  // namespace

extern const Family family{.model_type = "mamba2",
                           .classes = kClasses,
                           .make = make,
                           .optional_prefixes = kPrefixes,
                           .aliases = kAliases,
                           .head_prefixes = kHeads,
                           .inert = kInert,
                           .gguf = &kGguf};

}  // namespace malmoi::model::mamba2
