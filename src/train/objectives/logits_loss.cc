#include "train/objectives/logits_loss.h"

#include "autograd/tape.h"
#include "train/balanced_pass.h"

namespace malmoi::train {

using autograd::Var;

LossSums LogitsLoss::accumulate(autograd::Context& context, const model::Model& model, const Examples& examples,
                                const Counts& whole) const {
  ModelInput input(examples);  // blocks that run again in the backward pass read it
  BalancedPass balance(context, model, input.batch());
  LossSums sums = forward(context, model, input.batch(), examples, whole, 1);
  balance.add_to(sums, examples, whole);
  if (context.tape) context.tape->backward(context);
  return sums;
}

LossSums LogitsLoss::forward(autograd::Context& context, const model::Model& model, const nn::Batch& batch,
                             const Examples& examples, const Counts& whole, double weight) const {
  Var features = model.features(context, batch);
  Var logits = autograd::linear(context, std::move(features), **model.head->weight, model.head->bias);
  auto n = static_cast<size_t>(logits.value.elements());
  LossSums sums;
  std::vector<double> values(n), gradient(n);
  if (!context.rehearsal()) {
    convert(logits.value.data(), logits.value.dtype(), values.data(), DType::kF64, n);
    sums = loss(examples, whole, values, gradient);
    sums.loss *= weight;
    for (double& value : gradient) value *= weight;
  }
  if (!context.tape) return sums;
  Tensor dlogits = context.temporary(logits.value.dtype(), logits.value.shape());
  context.step("loss", 0, [&] { convert(gradient.data(), DType::kF64, dlogits.data(), dlogits.dtype(), n); });
  context.tape->give_grad(context, logits.id, std::move(dlogits));
  return sums;
}

}  // namespace malmoi::train
