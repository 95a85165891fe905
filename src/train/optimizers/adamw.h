// AdamW's state and update of one parameter, shared by the optimisers that fall back on it.
#pragma once

#include "train/optimizer.h"

namespace malmoi::train {

/// m and v of one parameter.
struct AdamWState {
  Parameter* parameter = nullptr;
  Tensor m, v;
  explicit AdamWState(Parameter& p);
  void update(const OptimizerConfig& config, const UpdateArgs& args, double lr);
};

}  // namespace malmoi::train
