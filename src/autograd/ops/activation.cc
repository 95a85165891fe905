// Plain activations; recomputed in the backward pass rather than kept.
#include "autograd/ops.h"

namespace malmoi::autograd {
namespace {

Tensor activated(Context& context, const Tensor& x, kernels::Activation kind) {
  Tensor y = context.temporary(x.dtype(), x.shape());
  context.run("activation", 0, &kernels::Backend::activation,
              {.dtype = x.dtype(), .kind = kind, .n = x.elements(), .x = x.data(), .y = y.data()});
  return y;
}

Tensor activation_recompute(Context& context, Tape&, Record& record) {
  return activated(context, record.saved[0].value, record.get<kernels::Activation>());
}

void activation_backward(Context& context, Tape& tape, Record& record) {
  Tensor dy = tape.take_grad(record.outputs[0]);
  const Tensor& x = record.saved[0].value;
  Tensor dx = dy.unique() ? dy : context.temporary(dy.dtype(), dy.shape());
  context.run("activation backward", 0, &kernels::Backend::activation_backward,
              {.dtype = x.dtype(),
               .kind = record.get<kernels::Activation>(),
               .n = x.elements(),
               .x = x.data(),
               .dy = dy.data(),
               .dx = dx.data()});
  dy = Tensor();
  tape.give_grad(context, record.inputs[0], std::move(dx));
}

}  // namespace

extern const Op activation_op{"activation", activation_backward, activation_recompute};

Var activation(Context& context, Var x, kernels::Activation kind) {
  Tensor y = activated(context, x.value, kind);
  if (!context.tape) return {std::move(y), -1};
  Record& record = context.tape->push(activation_op, {.inputs = {x.id}, .saved = {{x.value}}}, kind);
  return context.tape->output(record, 0, std::move(y));
}

}  // namespace malmoi::autograd
