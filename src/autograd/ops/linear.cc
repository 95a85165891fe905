// A linear layer over any kind of weight.
#include "autograd/bias.h"
#include "autograd/ops.h"

namespace malmoi::autograd {
namespace {

struct LinearAttributes {};

void linear_backward(Context& context, Tape& tape, Record& record) {
  Tensor dy = tape.take_grad(record.outputs[0]);
  const Weight& weight = *record.weights[0];
  accumulate_bias(context, record.parameters[0], dy);
  if (weight.wants_gradient()) weight.accumulate_gradient(context, dy, tape.load(context, record.saved[0]));
  if (record.inputs[0] < 0) return;
  if (Tensor dx = tape.addable_grad(record.inputs[0])) {
    weight.product_transposed(context, dy, dx, true);
    return;
  }
  Tensor dx = context.temporary(dy.dtype(), {dy.shape().rows(), weight.in_features()});
  weight.product_transposed(context, dy, dx, false);
  tape.give_grad(context, record.inputs[0], std::move(dx));
}

}  // namespace

extern const Op linear_op{"linear", linear_backward};

void accumulate_bias(Context& context, Parameter* bias, const Tensor& dy) {
  if (!bias || !bias->wants_gradient()) return;
  int64_t rows = dy.shape().rows(), cols = dy.shape().columns();
  Tensor scratch = context.scratch(kernels::bias_backward_scratch(rows, cols));
  context.run("bias backward", 0, &kernels::Backend::bias_backward,
              {.dtype = dy.dtype(),
               .rows = rows,
               .cols = cols,
               .dy = dy.data(),
               .dbias = bias->accumulated_grad(),
               .scratch = scratch.data()});
}

Var linear(Context& context, Var x, const Weight& weight, Parameter* bias) {
  Tensor y = context.temporary(context.dtype, {x.value.shape().rows(), weight.out_features()});
  weight.product(context, x.value, y, bias);
  if (!context.tape) return {std::move(y), -1};
  Saved input = weight.wants_gradient() ? context.tape->save(context, x) : Saved{};
  Record& record = context.tape->push(
      linear_op, {.inputs = {x.id}, .saved = {std::move(input)}, .parameters = {bias}, .weights = {&weight}},
      LinearAttributes{});
  return context.tape->output(record, 0, std::move(y));
}

}  // namespace malmoi::autograd
