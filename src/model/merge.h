// Adapters merged into the weights that they adapt.
#pragma once

#include "base/error.h"
#include "model/adapt.h"

namespace malmoi::model {

/// Makes every parameter that adapters changed a dense one: W + scale B A, with DoRA m / norm times that, in the type of the
/// model's products; a tied head that was adapted apart from the table of words gets a matrix of its own, and the config says so.
/// All runs of the model must go through its first adapter. Errors: no memory for it.
Status merge(Model& model, const Adapted& adapted);

}  // namespace malmoi::model
