// The output projection against tokens drawn from a teacher, chunk by chunk: what it costs is a cross-entropy.
#include <algorithm>

#include "autograd/head_rows.h"
#include "autograd/ops.h"

namespace malmoi::autograd {
namespace {

// Nothing stands there in a rehearsal.
template <typename T>
const T* from(std::span<const T> values, int64_t begin) {
  return values.empty() ? nullptr : values.data() + begin;
}

}  // namespace

HeadDistillation head_sampled_distillation(Context& context, Var hidden, const Weight& weight, Parameter* bias,
                                           const HeadSampledOptions& options) {
  const int64_t vocab = weight.out_features(), rows = hidden.value.shape().rows();
  HeadRows counted(context, hidden, weight, bias, options.targets);
  counted.begin_backward();
  Tensor ce = context.temporary(DType::kF32, {rows}), divergence = context.temporary(DType::kF32, {rows});
  const int64_t entries = context.rehearsal() ? rows * options.most_draws : static_cast<int64_t>(options.ids.size());
  Tensor slopes = context.temporary(DType::kF32, {std::max<int64_t>(entries, 1)});
  counted.each_chunk([&](int64_t begin, int64_t n) {
    const Tensor x = counted.features(begin, n);
    Tensor logits = context.temporary(context.dtype, {n, vocab});
    weight.product(context, x, logits, bias);
    context.run("distillation", 0, &kernels::Backend::sampled_distillation,
                {.dtype = context.dtype,
                 .rows = n,
                 .cols = vocab,
                 .logits = logits.data(),
                 .targets = counted.targets(begin),
                 .starts = from(options.starts, begin),
                 .ids = options.ids.data(),
                 .shares = options.shares.data(),
                 .known = from(options.known, begin),
                 .slopes = slopes.as<float>(),
                 .ce = ce.as<float>() + begin,
                 .divergence = divergence.as<float>() + begin,
                 .alpha = options.alpha,
                 .temperature = options.temperature,
                 .loss_scale = static_cast<float>(options.scale),
                 .logit_scale = options.logit_scale,
                 .softcap = options.softcap,
                 .dlogits = context.tape != nullptr});
    counted.backward(begin, x, logits);
  });
  counted.end_backward();
  HeadDistillation sums;
  for (int64_t r = 0; r < counted.counted() && !context.rehearsal(); ++r) {
    sums.ce += static_cast<double>(ce.as<float>()[r]);
    sums.divergence += static_cast<double>(divergence.as<float>()[r]);
  }
  return sums;
}

}  // namespace malmoi::autograd
