// The gradient of a bias, for every op that adds one.
#pragma once

#include "autograd/context.h"
#include "autograd/parameter.h"

namespace malmoi::autograd {

/// bias gradient += the sum of dy's rows. `bias` may be null.
void accumulate_bias(Context& context, Parameter* bias, const Tensor& dy);

}  // namespace malmoi::autograd
