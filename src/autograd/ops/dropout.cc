// Dropout that stands alone; the mask is a function of its place in the run and is drawn again in the backward pass.
#include "autograd/ops.h"

namespace malmoi::autograd {
namespace {

Tensor dropped(Context& context, const Tensor& x, const kernels::Dropout& mask) {
  Tensor y = x.unique() ? x : context.temporary(x.dtype(), x.shape());
  context.run("dropout", 0, &kernels::Backend::add,
              {.dtype = x.dtype(), .n = x.elements(), .delta = x.data(), .y = y.data(), .dropout = mask});
  return y;
}

void dropout_backward(Context& context, Tape& tape, Record& record) {
  Tensor dy = tape.take_grad(record.outputs[0]);
  tape.give_grad(context, record.inputs[0], dropped(context, dy, record.get<kernels::Dropout>()));
}

}  // namespace

extern const Op dropout_op{"dropout", dropout_backward};

Var dropout(Context& context, Var x, double p) {
  kernels::Dropout mask = context.next_dropout(static_cast<float>(p));
  if (mask.p <= 0) return x;
  Tensor y = context.temporary(x.value.dtype(), x.value.shape());
  context.run(
      "dropout", 0, &kernels::Backend::add,
      {.dtype = x.value.dtype(), .n = x.value.elements(), .delta = x.value.data(), .y = y.data(), .dropout = mask});
  if (!context.tape) return {std::move(y), -1};
  Record& record = context.tape->push(dropout_op, {.inputs = {x.id}}, mask);
  return context.tape->output(record, 0, std::move(y));
}

}  // namespace malmoi::autograd
