#include "model/arch/arch.h"

#include <cmath>

namespace malmoi::model {

int64_t read_size(ConfigReader& config, std::string_view key, int64_t fallback) {
  return config.integer(key, fallback, 1, int64_t{1} << 24);
}

kernels::Activation read_activation(ConfigReader& config, std::string_view key, const char* fallback) {
  std::string name = config.text(key, fallback);
  if (name == "gelu") return kernels::Activation::kGelu;
  if (name == "gelu_new" || name == "gelu_pytorch_tanh" || name == "gelu_fast") return kernels::Activation::kGeluTanh;
  if (name == "relu") return kernels::Activation::kRelu;
  if (name == "silu" || name == "swish") return kernels::Activation::kSilu;
  if (name == "tanh") return kernels::Activation::kTanh;
  config.fail(key, "the activation '" + name + "' is not known",
              "use gelu, gelu_new, gelu_pytorch_tanh, relu, silu or tanh");
  return kernels::Activation::kNone;
}

namespace {

void read_scaling(ConfigReader& config, ConfigReader& rope, std::string_view key, nn::RotaryConfig& r) {
  // Older configs say `type`, newer ones `rope_type`.
  std::string type = rope.text("rope_type", rope.text("type", "default"));
  r.factor = rope.number("factor", 0, 1e-6, 1e6);
  bool factor_given = r.factor > 0;
  if (!factor_given) r.factor = 1;
  r.original_max_position_embeddings = rope.integer("original_max_position_embeddings", 0, 0, int64_t{1} << 30);
  if (type == "default") {
    r.scaling = nn::RotaryScaling::kDefault;
    return;
  }
  if (type == "linear") r.scaling = nn::RotaryScaling::kLinear;
  else if (type == "dynamic") r.scaling = nn::RotaryScaling::kDynamic;
  else if (type == "llama3") r.scaling = nn::RotaryScaling::kLlama3;
  else if (type == "yarn") r.scaling = nn::RotaryScaling::kYarn;
  else
    config.fail(key, "the rotary scaling '" + type + "' is not known", "use default, linear, dynamic, llama3 or yarn");
  if (r.scaling == nn::RotaryScaling::kLlama3) {
    r.low_freq_factor = rope.number("low_freq_factor", 1, 1e-6, 1e6);
    r.high_freq_factor = rope.number("high_freq_factor", 4, 1e-6, 1e6);
  }
  if (r.scaling == nn::RotaryScaling::kYarn) {
    r.beta_fast = rope.number("beta_fast", 32, 0, 1e6);
    r.beta_slow = rope.number("beta_slow", 1, 0, 1e6);
    if (r.beta_fast == 0) r.beta_fast = 32;  // the reference reads 0 as unset
    if (r.beta_slow == 0) r.beta_slow = 1;
    r.attention_factor = rope.number("attention_factor", 0, 0, 1e6);
    r.mscale = rope.number("mscale", 0, 0, 1e6);
    r.mscale_all_dim = rope.number("mscale_all_dim", 0, 0, 1e6);
    r.truncate = rope.boolean("truncate", true);
    if (!factor_given && r.original_max_position_embeddings > 0) {
      r.factor =
          static_cast<double>(r.max_position_embeddings) / static_cast<double>(r.original_max_position_embeddings);
      factor_given = true;
    }
  }
  if (!factor_given) config.fail(key, "the rotary scaling '" + type + "' has no factor", "add factor");
}

}  // namespace

nn::RotaryConfig read_rotary(ConfigReader& config, int64_t head_dim, int64_t max_positions, double default_theta) {
  nn::RotaryConfig r;
  r.max_position_embeddings = max_positions;
  r.theta = config.number("rope_theta", default_theta, 1, 1e12);
  double partial = config.number("partial_rotary_factor", 1, 0, 1);
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    if (!config.has(key)) continue;
    ConfigReader rope = config.object(key);
    r.theta = rope.number("rope_theta", r.theta, 1, 1e12);
    partial = rope.number("partial_rotary_factor", partial, 0, 1);
    read_scaling(config, rope, key, r);
    if (Status done = rope.finish(); !done.ok()) config.fail(key, done.error().what, done.error().remedy);
  }
  r.rotary_dim = static_cast<int64_t>(static_cast<double>(head_dim) * partial);
  if (r.rotary_dim % 2 != 0 || r.rotary_dim == 0)
    config.fail("head_dim",
                "rotary positions need an even, positive number of dimensions, not " + std::to_string(r.rotary_dim));
  return r;
}

}  // namespace malmoi::model
