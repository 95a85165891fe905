// The families, one file each; registry.cc lists them.
#pragma once

#include <memory>
#include <string_view>

#include "base/config.h"
#include "kernels/kernels.h"
#include "model/model.h"
#include "nn/rotary.h"

namespace malmoi::model {

Result<std::unique_ptr<Model>> make_gpt2(ConfigReader& config);
Result<std::unique_ptr<Model>> make_llama(ConfigReader& config);
Result<std::unique_ptr<Model>> make_mistral(ConfigReader& config);
Result<std::unique_ptr<Model>> make_qwen2(ConfigReader& config);

/// A size in a published config: at least 1, small enough that products of sizes cannot overflow.
int64_t read_size(ConfigReader& config, std::string_view key, int64_t fallback);
/// An activation by its published name (gelu, gelu_new, relu, silu ...).
kernels::Activation read_activation(ConfigReader& config, std::string_view key, const char* fallback);
/// Rotary settings of both styles: `rope_theta` with `rope_scaling`, and `rope_parameters`. `head_dim` is rotated whole
/// unless `partial_rotary_factor` says otherwise.
nn::RotaryConfig read_rotary(ConfigReader& config, int64_t head_dim, int64_t max_positions, double default_theta);

}  // namespace malmoi::model
