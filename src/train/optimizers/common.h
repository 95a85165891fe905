// What optimisers share: which weights decay, which published tensors a parameter holds, options, and passes over elements.
#pragma once

#include <vector>

#include "base/parallel.h"
#include "train/optimizer.h"

namespace malmoi::train {

/// The decay of a parameter: of two dimensions or more alone.
inline double decay_of(const OptimizerConfig& config, const Parameter& parameter) {
  return parameter.shape.rank() >= 2 ? config.weight_decay : 0;
}

/// A published tensor within a parameter: its elements [begin, begin + rows * columns). Rules that look at whole matrices
/// take the parts of fused products, and experts, one by one.
struct Part {
  int64_t begin = 0, rows = 0, columns = 0;
  int64_t elements() const { return rows * columns; }
};
std::vector<Part> parts_of(const nn::ParameterSpec& spec);

/// `betas: [b1, b2]`, each in [0, 1).
void read_betas(ConfigReader& reader, OptimizerConfig& config, double beta1, double beta2);

/// Where the bf16 copy goes that products read; null: there is none.
inline BF16* compute_copy(Parameter& parameter) {
  return parameter.compute.dtype() == DType::kBF16 ? parameter.compute.as<BF16>() : nullptr;
}

/// Elements, and rows of a matrix, that one thread takes at the least.
constexpr int64_t kElementGrain = 1 << 14, kRowGrain = 16;

/// master[i] = rule(master[i], clipped gradient, i) for every element, and its copy.
template <typename Rule>
void update_elements(Parameter& parameter, const UpdateArgs& args, const Rule& rule) {
  float* value = parameter.master.as<float>();
  const float* grad = parameter.grad.as<float>();
  BF16* copy = compute_copy(parameter);
  auto scale = static_cast<float>(args.grad_scale);
  parallel_for(parameter.master.elements(), kElementGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      value[i] = rule(value[i], grad[i] * scale, i);
      if (copy) copy[i] = to_bf16(value[i]);
    }
  });
}

}  // namespace malmoi::train
