// Numbers that are added to the scores of attention by where a key stands.
#pragma once

#include <cstdint>

#include "autograd/ops.h"

namespace malmoi::nn {

/// See kernels::AttentionArgs. Learned ones are one tensor for all layers (Raffel et al. 2020).
struct DistanceBias {
  autograd::Var values;  // [heads, left + 1 + right]; empty: none
  int64_t left = 0, right = 0;
  bool by_key = false;  // by the key's position, not its distance
};

}  // namespace malmoi::nn
