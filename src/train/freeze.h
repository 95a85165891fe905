// Which parameters are not trained: `train.freeze`, patterns of published names.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "nn/parameter_set.h"

namespace malmoi::train {

/// Whether a parameter is frozen: one of the patterns (`*`, `?`, `[...]`, as a shell has them) fits the name of each tensor
/// that it holds.
std::function<bool(const nn::ParameterSpec&)> frozen_by(std::vector<std::string> patterns);

/// Errors: a pattern that fits no tensor; some tensors of a product that is kept as one matrix, but not all; nothing is
/// left to train. `where` names the setting.
Status check_freeze(const std::vector<std::string>& patterns, const nn::ParameterSet& parameters,
                    const std::string& where);

}  // namespace malmoi::train
