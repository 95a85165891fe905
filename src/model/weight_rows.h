// The values of weights of any kind.
#pragma once

#include "autograd/weight.h"

namespace malmoi::model {

/// Writes all rows of a weight, made in the type of `to` [out_features, in_features], which takes their memory twice.
void write_rows(const autograd::Weight& weight, Tensor to);

}  // namespace malmoi::model
