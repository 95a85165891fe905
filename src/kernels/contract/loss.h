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
  const float* row_scale = nullptr;       // [rows]: of each row's gradient, beside loss_scale; null: 1
  float loss_scale = 1;
  float label_smoothing = 0, z_weight = 0;
  float logit_scale = 1;  // logits are multiplied by it first
  float softcap = 0;      // then l -> c tanh(l / c)
  bool dlogits = true;
};

/// A student's rows of logits against a teacher's, both as they are at a temperature T (Hinton et al. 2015):
///   ce[r] = -log p(target), divergence[r] = D(q, p_T), with p = softmax(s), p_T = softmax(s / T), q = softmax(t / T)
/// and s <- d(loss_scale * (alpha ce + (1 - alpha) T^2 divergence))/ds. With dlogits false the logits are left as they are.
/// D by `mixture` b, as GKD has it (Agarwal et al. 2024), with KL(x || y) = sum_v x log(x / y):
///   0: KL(q || p), what the teacher says must be covered; 1: KL(p || q), what it does not say must be left;
///   between: b KL(q || m) + (1 - b) KL(p || m), m = b q + (1 - b) p: Jensen and Shannon's, generalised
struct DistillationArgs {
  DType dtype = DType::kF32;
  int64_t rows = 0, cols = 0;
  void* logits = nullptr;            // [rows, cols], the student's, before scale and soft cap
  const float* teacher = nullptr;    // [rows, cols], f32, after its own
  const int32_t* targets = nullptr;  // [rows], each in [0, cols)
  float* ce = nullptr;               // [rows], f32
  float* divergence = nullptr;       // [rows], f32
  float alpha = 0.5f, temperature = 2;
  float mixture = 0;
  float loss_scale = 1;
  float logit_scale = 1, softcap = 0;  // of the student, as CrossEntropyArgs has them
  bool dlogits = true;
};

/// A student's rows of logits against tokens that were drawn from a teacher's q = softmax(t / T) (Anshumann et al. 2025,
/// arXiv 2503.16870), token v of a row so often of all draws as its share w says. With p and p_T as above,
///   ce[r] = -log p(target), divergence[r] = known[r] - sum_v w_v log p_T(v), known[r] = sum_v q log q
/// and s <- d(loss_scale * (alpha ce + (1 - alpha) T^2 divergence))/ds. Both are linear in w: where its expectation is q, theirs are
/// KL(q || p_T) and the slopes of DistillationArgs with mixture 0.
struct SampledDistillationArgs {
  DType dtype = DType::kF32;
  int64_t rows = 0, cols = 0;
  void* logits = nullptr;            // [rows, cols], the student's, before scale and soft cap
  const int32_t* targets = nullptr;  // [rows], each in [0, cols)
  const int64_t* starts = nullptr;   // [rows + 1], rising: the entries of each row in what follows
  const int32_t* ids = nullptr;      // of entries, each once in its row, in [0, cols)
  const float* shares = nullptr;     // of entries; those of a row add up to 1
  const float* known = nullptr;      // [rows]
  float* slopes = nullptr;           // room of one for each entry; null where nothing is to be learned
  float* ce = nullptr;               // [rows], f32
  float* divergence = nullptr;       // [rows], f32
  float alpha = 0.5f, temperature = 2;
  float loss_scale = 1;
  float logit_scale = 1, softcap = 0;  // of the student, as CrossEntropyArgs has them
  bool dlogits = true;
};

}  // namespace malmoi::kernels
