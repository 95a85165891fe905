// The output projection with what is learned of its logits, in chunks of rows.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "autograd/tape.h"
#include "autograd/weight.h"

namespace malmoi::autograd {

/// The output projection and its cross-entropy in chunks of rows: the logits of all rows never stand in memory at once.
struct HeadLossOptions {
  std::span<const int32_t> targets;            // [rows]; < 0: not counted, and left out before the product
  double scale = 1;                            // gradients are of scale * (sum of losses)
  std::span<const float> target_weights = {};  // of a row's loss, by its target; empty: all 1
  float label_smoothing = 0, z_weight = 0;
  float logit_scale = 1, softcap = 0;  // logits = softcap(logit_scale * (hidden W^T + bias))
  bool count_correct = false;
};
struct HeadLoss {
  double sum = 0;  // of losses over counted rows, in nats
  int64_t counted = 0;
  int64_t correct = 0;  // rows whose largest logit is the target's; counted where asked for
};
/// With a tape, the gradients of `hidden`, the weight and the bias are made on the way; call Tape::backward after it.
HeadLoss head_loss(Context& context, Var hidden, const Weight& weight, Parameter* bias, const HeadLossOptions& options);

/// log p(target) of each row that has one. Where a function of all of them is to be learned, `loss` is called once they are known
/// and writes its slopes: those by which the gradients are made. Logits are f32 whatever the activations' type.
struct HeadLogpsOptions {
  std::span<const int32_t> targets;    // [rows]; < 0: not asked for, and left out before the product
  float logit_scale = 1, softcap = 0;  // as HeadLossOptions has them
  /// With a tape: slopes[i] = d(loss) / d(logps[i]), zero before.
  std::function<void(std::span<const float> logps, std::span<float> slopes)> loss = {};
};
/// Gives the log-probabilities in the order of their rows. With a tape, gradients as head_loss makes them.
std::vector<float> head_logps(Context& context, Var hidden, const Weight& weight, Parameter* bias,
                              const HeadLogpsOptions& options);

/// A student's head beside a teacher's (kernels::DistillationArgs), over the rows that have a target.
struct HeadDistillationOptions {
  std::span<const int32_t> targets;                              // [rows]; < 0: not counted
  Tensor teacher_features;                                       // [rows, width of the teacher]
  std::function<Tensor(const Tensor& features)> teacher_logits;  // f32 [rows, vocab] of some of these rows
  float alpha = 0.5f, temperature = 2, mixture = 0;              // as kernels::DistillationArgs has them
  double scale = 1;                                              // gradients are of scale * (sum of losses)
  float logit_scale = 1, softcap = 0;                            // of the student, as HeadLossOptions has them
};
struct HeadDistillation {
  double ce = 0, divergence = 0;  // sums over counted rows, in nats, without their factors
};
/// With a tape, gradients as head_loss makes them.
HeadDistillation head_distillation(Context& context, Var hidden, const Weight& weight, Parameter* bias,
                                   const HeadDistillationOptions& options);

/// A student's head beside tokens that were drawn from a teacher's (kernels::SampledDistillationArgs), over the rows that have a target.
struct HeadSampledOptions {
  std::span<const int32_t> targets;  // [rows]; < 0: not counted
  std::span<const int64_t> starts;   // of each counted row, and the end, as the kernel has them; likewise
  std::span<const int32_t> ids;
  std::span<const float> shares, known;
  int64_t most_draws = 0;               // entries of a row at most, for rehearsals
  float alpha = 0.5f, temperature = 2;  // as kernels::SampledDistillationArgs has them
  double scale = 1;                     // gradients are of scale * (sum of losses)
  float logit_scale = 1, softcap = 0;   // of the student, as HeadLossOptions has them
};
/// With a tape, gradients as head_loss makes them.
HeadDistillation head_sampled_distillation(Context& context, Var hidden, const Weight& weight, Parameter* bias,
                                           const HeadSampledOptions& options);

}  // namespace malmoi::autograd
