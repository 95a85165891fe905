// The output projection against a teacher's, chunk by chunk: the logits of both stand side by side for a chunk alone.
#include <algorithm>

#include "autograd/head_rows.h"
#include "autograd/ops.h"

namespace malmoi::autograd {

HeadDistillation head_distillation(Context& context, Var hidden, const Weight& weight, Parameter* bias,
                                   const HeadDistillationOptions& options) {
  const int64_t vocab = weight.out_features(), rows = hidden.value.shape().rows();
  HeadRows counted(context, hidden, vocab, options.targets);
  const Var teacher{options.teacher_features, -1};
  Tape* tape = context.tape;
  context.tape = nullptr;  // the teacher's rows take no gradient
  HeadRows taught(context, teacher, vocab, options.targets);
  context.tape = tape;
  counted.begin_gradient();
  if (tape) {
    tape->begin_use(weight.parameters());
    tape->begin_use({&bias, 1});
  }
  Tensor ce = context.temporary(DType::kF32, {rows}), divergence = context.temporary(DType::kF32, {rows});
  for (int64_t begin = 0; begin < counted.counted(); begin += counted.chunk()) {
    const int64_t n = std::min(counted.chunk(), counted.counted() - begin);
    context.tape = nullptr;
    const Tensor teacher_logits = options.teacher_logits(taught.features(begin, n));
    context.tape = tape;
    const Tensor x = counted.features(begin, n);
    Tensor logits = context.temporary(context.dtype, {n, vocab});
    weight.product(context, x, logits, bias);
    context.run("distillation", 0, &kernels::Backend::distillation,
                {.dtype = context.dtype,
                 .rows = n,
                 .cols = vocab,
                 .logits = logits.data(),
                 .teacher = teacher_logits.as<float>(),
                 .targets = counted.targets(begin),
                 .ce = ce.as<float>() + begin,
                 .divergence = divergence.as<float>() + begin,
                 .alpha = options.alpha,
                 .temperature = options.temperature,
                 .mixture = options.mixture,
                 .loss_scale = static_cast<float>(options.scale),
                 .logit_scale = options.logit_scale,
                 .softcap = options.softcap,
                 .dlogits = tape != nullptr});
    if (tape) head_backward(context, counted, begin, x, logits, weight, bias);
  }
  HeadDistillation sums{.counted = counted.counted()};
  for (int64_t r = 0; r < counted.counted() && !context.rehearsal(); ++r) {
    sums.ce += static_cast<double>(ce.as<float>()[r]);
    sums.divergence += static_cast<double>(divergence.as<float>()[r]);
  }
  if (tape) {
    tape->end_use(weight.parameters());
    tape->end_use({&bias, 1});
    counted.give_gradient();
  }
  return sums;
}

}  // namespace malmoi::autograd
