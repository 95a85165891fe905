// A linear layer over any kind of weight.
#include "autograd/ops.h"
#include "autograd/ops/ops_internal.h"

namespace malmoi::autograd {

Var linear(Context& context, const Var& x, const Weight& weight, Parameter* bias) {
  Tensor y = context.temporary(context.dtype, {x.value.shape().rows(), weight.out_features()});
  weight.product(context, x.value, y, bias);
  if (!context.tape) return {y, -1};
  Saved input = weight.wants_gradient() ? context.tape->save(context, x) : Saved{};
  Record& record = context.tape->push(OpKind::kLinear);
  record.inputs[0] = x.id;
  record.weight = &weight;
  record.parameters[0] = bias;
  record.saved[0] = std::move(input);
  return context.tape->output(record, 0, std::move(y));
}

void linear_backward(Context& context, Tape& tape, Record& record) {
  Tensor dy = tape.take_grad(record.outputs[0]);
  int64_t rows = dy.shape().rows();
  if (Parameter* bias = record.parameters[0]; bias && bias->wants_gradient()) {
    Tensor scratch = context.scratch(kernels::bias_backward_scratch(rows, dy.shape().columns()));
    context.run("bias backward", 0, [&] {
      context.kernels->bias_backward({.dtype = dy.dtype(),
                                      .rows = rows,
                                      .cols = dy.shape().columns(),
                                      .dy = dy.data(),
                                      .dbias = bias->accumulated_grad(),
                                      .scratch = scratch.data()});
    });
  }
  if (record.weight->wants_gradient()) {
    Tensor x = tape.load(context, record.saved[0]);
    record.weight->accumulate_gradient(context, dy, x);
  }
  if (record.inputs[0] < 0) return;
  if (Tensor dx = tape.addable_grad(record.inputs[0])) {
    record.weight->product_transposed(context, dy, dx, true);
    return;
  }
  Tensor dx = context.temporary(dy.dtype(), {rows, record.weight->in_features()});
  record.weight->product_transposed(context, dy, dx, false);
  tape.give_grad(context, record.inputs[0], std::move(dx));
}

}  // namespace malmoi::autograd
