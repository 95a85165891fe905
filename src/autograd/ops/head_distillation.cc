// The output projection against a teacher's, chunk by chunk: the logits of both stand side by side for a chunk alone.
#include "autograd/head_rows.h"
#include "autograd/ops.h"
#include "base/temporarily.h"

namespace malmoi::autograd {
namespace {

// The teacher takes no gradient.
Tensor teacher_logits(Context& context, const HeadDistillationOptions& options, const Tensor& features) {
  const Temporarily untaped(context.tape, nullptr);
  return options.teacher_logits(features);
}

}  // namespace

HeadDistillation head_distillation(Context& context, Var hidden, const Weight& weight, Parameter* bias,
                                   const HeadDistillationOptions& options) {
  const int64_t vocab = weight.out_features(), rows = hidden.value.shape().rows();
  HeadRows counted(context, hidden, weight, bias, options.targets);
  counted.begin_backward();
  Tensor ce = context.temporary(DType::kF32, {rows}), divergence = context.temporary(DType::kF32, {rows});
  counted.each_chunk([&](int64_t begin, int64_t n) {
    const Tensor taught = teacher_logits(context, options, counted.features(options.teacher_features, begin, n));
    const Tensor x = counted.features(begin, n);
    Tensor logits = context.temporary(context.dtype, {n, vocab});
    weight.product(context, x, logits, bias);
    context.run("distillation", 0, &kernels::Backend::distillation,
                {.dtype = context.dtype,
                 .rows = n,
                 .cols = vocab,
                 .logits = logits.data(),
                 .teacher = taught.as<float>(),
                 .targets = counted.targets(begin),
                 .ce = ce.as<float>() + begin,
                 .divergence = divergence.as<float>() + begin,
                 .alpha = options.alpha,
                 .temperature = options.temperature,
                 .mixture = options.mixture,
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
