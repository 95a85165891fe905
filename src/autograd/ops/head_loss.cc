// The output projection and its cross-entropy, chunk by chunk.
#include "autograd/head_rows.h"
#include "autograd/ops.h"

namespace malmoi::autograd {

HeadLoss head_loss(Context& context, Var hidden, const Weight& weight, Parameter* bias,
                   const HeadLossOptions& options) {
  const int64_t vocab = weight.out_features(), rows = hidden.value.shape().rows();
  HeadRows counted(context, hidden, weight, bias, options.targets);
  counted.begin_backward();
  Tensor loss = context.temporary(DType::kF32, {rows}), correct = context.temporary(DType::kU8, {rows});
  counted.each_chunk([&](int64_t begin, int64_t n) {
    const Tensor x = counted.features(begin, n);
    Tensor logits = context.temporary(context.dtype, {n, vocab});
    weight.product(context, x, logits, bias);
    context.run("cross-entropy", 0, &kernels::Backend::cross_entropy,
                {.dtype = context.dtype,
                 .rows = n,
                 .cols = vocab,
                 .logits = logits.data(),
                 .targets = counted.targets(begin),
                 .loss = loss.as<float>() + begin,
                 .correct = options.count_correct ? correct.as<uint8_t>() + begin : nullptr,
                 .target_weights = options.target_weights.empty() ? nullptr : options.target_weights.data(),
                 .loss_scale = static_cast<float>(options.scale),
                 .label_smoothing = options.label_smoothing,
                 .z_weight = options.z_weight,
                 .logit_scale = options.logit_scale,
                 .softcap = options.softcap,
                 .dlogits = context.tape != nullptr});
    counted.backward(begin, x, logits);
  });
  counted.end_backward();
  HeadLoss result{.counted = counted.counted()};
  if (!context.rehearsal()) {
    for (int64_t r = 0; r < counted.counted(); ++r) {
      result.sum += static_cast<double>(loss.as<float>()[r]);
      if (options.count_correct) result.correct += correct.as<uint8_t>()[r];
    }
  }
  return result;
}

}  // namespace malmoi::autograd
