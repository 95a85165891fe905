// Values that are not finite, told by the names and places that a published file has for them.
#pragma once

#include <string>

#include "base/error.h"
#include "model/model.h"

namespace malmoi::model {

/// The rows that one published tensor fills in `values` (the whole parameter, f32 or bf16). Errors: `name` and the element, in
/// the file's order, that is not finite.
Status check_finite(const Tensor& values, const nn::ParameterSpec& spec, const nn::Source& source,
                    const std::string& name, const std::string& where);
/// All weights that are trained, its adapter's and its companion's too: what a model must pass before it is written. `where`: whither.
Status check_trained_weights(const Model& model, const std::string& where);

}  // namespace malmoi::model
