// Norms over the residual stream, and over the heads of queries and keys.
#pragma once

#include "nn/linear.h"

namespace malmoi::nn {

struct NormSpec {
  int64_t width = 0;
  bool layer = false;  // false: RMS norm (Zhang & Sennrich 2019); true: layer norm (Ba et al. 2016)
  double eps = 1e-5;
  bool bias = false;
  float weight_offset = 0;  // 1 where the model stores weight - 1 (Gemma)
  double dropout = 0;       // of what is added to the residual stream
  double delta_scale = 1;   // a factor on it
  const char* weight_name = "weight";
  const char* bias_name = "bias";
};

/// sum = x + delta_scale * dropout(delta), normed = norm(sum); see autograd::residual_norm.
struct Norm {
  Parameter* weight = nullptr;
  Parameter* bias = nullptr;
  autograd::NormOptions options;
  autograd::Normed operator()(Context& context, Var x, Var delta) const {
    return autograd::residual_norm(context, std::move(x), std::move(delta), weight, bias, options);
  }
  /// The norm of x alone.
  Var operator()(Context& context, Var x) const { return (*this)(context, std::move(x), Var{}).normed; }
};
Norm norm(const Declare& declare, const NormSpec& spec);

}  // namespace malmoi::nn
