// Losses over rows of logits. The rules that hold for all kernels stand in backend.h.
#pragma once

#include <cstdint>

#include "tensor/dtype.h"

namespace malmoi::kernels {

/// Softmax cross-entropy over rows of logits, in place: loss[r] = lse - l_target (label smoothing s: the target is
/// (1-s) one-hot + s / cols) + z_weight lse^2, and logits <- d(loss_scale * loss)/d(logits), so that the chunk's
/// backward products follow at once. With dlogits false the logits are left as they are.
struct CrossEntropyArgs {
  DType dtype = DType::kF32;
  int64_t rows = 0, cols = 0;
  void* logits = nullptr;                 // [rows, cols]
  const int32_t* targets = nullptr;       // [rows], each in [0, cols)
  float* loss = nullptr;                  // [rows], f32: unscaled
  uint8_t* correct = nullptr;             // [rows], 1 where no logit is larger than the target's; null: not wanted
  const float* target_weights = nullptr;  // [cols]: a row's loss and gradient are times that of its target; null: 1
  float loss_scale = 1;
  float label_smoothing = 0, z_weight = 0;
  float logit_scale = 1;  // logits are multiplied by it first
  float softcap = 0;      // then l -> c tanh(l / c)
  bool dlogits = true;
};

}  // namespace malmoi::kernels
