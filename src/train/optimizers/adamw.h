// AdamW's state and update of one parameter, shared by the optimisers that fall back on it.
#pragma once

#include "train/optimizers/common.h"

namespace malmoi::train {

/// m and v of one parameter.
struct AdamWState {
  Parameter* parameter = nullptr;
  Tensor m, v;
  explicit AdamWState(Parameter& p);
  void update(const OptimizerConfig& config, const UpdateArgs& args, double lr);
  void append_to(std::vector<StateTensor>& list) const;
};

/// betas, eps, weight_decay.
void read_adamw(ConfigReader& reader, OptimizerConfig& config);

}  // namespace malmoi::train
