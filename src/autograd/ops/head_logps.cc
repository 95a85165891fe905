// Log-probabilities of targets under the output projection, and the gradient of any function of them: a first pass over the
// chunks gives the values, a second one, once all are known, their gradients.
#include <algorithm>
#include <utility>

#include "autograd/adapted_values.h"
#include "autograd/head_rows.h"
#include "autograd/ops.h"

namespace malmoi::autograd {
namespace {

// The logits of a chunk in f32 (f64 under the oracle): differences of log-probabilities are small beside them.
Tensor chunk_logits(Context& context, const Tensor& x, const Weight& weight, Parameter* bias) {
  Tensor logits = context.temporary(context.statistics_type(), {x.shape().rows(), weight.out_features()});
  weight.product(context, x, logits, bias);
  return logits;
}

kernels::CrossEntropyArgs logp_args(Tensor& logits, const int32_t* targets, const HeadLogpsOptions& options) {
  return {.dtype = logits.dtype(),
          .rows = logits.shape().rows(),
          .cols = logits.shape().columns(),
          .logits = logits.data(),
          .targets = targets,
          .logit_scale = options.logit_scale,
          .softcap = options.softcap};
}

}  // namespace

std::vector<float> head_logps(Context& context, Var hidden, const Weight& weight, Parameter* bias,
                              const HeadLogpsOptions& options) {
  HeadRows counted(context, hidden, weight, bias, options.targets);
  const int64_t total = counted.counted();
  Tensor losses = context.temporary(DType::kF32, {std::max<int64_t>(total, 1)});
  Tensor kept;  // the logits of the only chunk
  counted.each_chunk([&](int64_t begin, int64_t n) {
    Tensor logits = chunk_logits(context, counted.features(begin, n), weight, bias);
    kernels::CrossEntropyArgs args = logp_args(logits, counted.targets(begin), options);
    args.loss = losses.as<float>() + begin;
    args.dlogits = false;
    context.run("log-probabilities", 0, &kernels::Backend::cross_entropy, args);
    if (context.tape && n == total) kept = std::move(logits);
  });
  std::vector<float> logps(static_cast<size_t>(total), 0.0f);
  if (!context.rehearsal()) {
    for (size_t r = 0; r < logps.size(); ++r) logps[r] = -losses.as<float>()[r];
  }
  if (!context.tape) return logps;

  std::vector<float> slopes(logps.size(), 0.0f);
  if (!context.rehearsal()) options.loss(logps, slopes);
  for (float& slope : slopes) slope = -slope;  // of the cross-entropy, which is -logp
  counted.begin_backward();
  counted.each_chunk([&](int64_t begin, int64_t n) {
    const Tensor x = counted.features(begin, n);
    Tensor logits = kept ? std::exchange(kept, {}) : chunk_logits(context, x, weight, bias);
    kernels::CrossEntropyArgs args = logp_args(logits, counted.targets(begin), options);
    args.row_scale = slopes.data() + begin;
    context.run("gradient of log-probabilities", 0, &kernels::Backend::cross_entropy, args);
    counted.backward(begin, x, adapted::as_type(context, logits, context.dtype));
  });
  counted.end_backward();
  return logps;
}

}  // namespace malmoi::autograd
