// Gated activations of rows [gate | up]; recomputed in the backward pass rather than kept.
#include "autograd/ops.h"

namespace malmoi::autograd {
namespace {

Tensor gated_halves(Context& context, const Tensor& gate_up, kernels::Activation kind) {
  int64_t rows = gate_up.shape().rows(), cols = gate_up.shape().columns() / 2;
  Tensor y = context.temporary(gate_up.dtype(), {rows, cols});
  context.run(
      "gated", 0, &kernels::Backend::gated,
      {.dtype = gate_up.dtype(), .kind = kind, .rows = rows, .cols = cols, .gate_up = gate_up.data(), .y = y.data()});
  return y;
}

Tensor gated_recompute(Context& context, Tape&, Record& record) {
  return gated_halves(context, record.saved[0].value, record.get<kernels::Activation>());
}

void gated_backward(Context& context, Tape& tape, Record& record) {
  Tensor dy = tape.take_grad(record.outputs[0]);
  const Tensor& gate_up = record.saved[0].value;
  Tensor dx = context.temporary(gate_up.dtype(), gate_up.shape());
  context.run("gated backward", 0, &kernels::Backend::gated_backward,
              {.dtype = dy.dtype(),
               .kind = record.get<kernels::Activation>(),
               .rows = dy.shape().rows(),
               .cols = dy.shape().columns(),
               .gate_up = gate_up.data(),
               .dy = dy.data(),
               .dgate_up = dx.data()});
  tape.give_grad(context, record.inputs[0], std::move(dx));
}

}  // namespace

extern const Op gated_op{"gated", gated_backward, gated_recompute};

Var gated(Context& context, Var gate_up, kernels::Activation kind) {
  Tensor y = gated_halves(context, gate_up.value, kind);
  if (!context.tape) return {std::move(y), -1};
  Record& record = context.tape->push(gated_op, {.inputs = {gate_up.id}, .saved = {{gate_up.value}}}, kind);
  return context.tape->output(record, 0, std::move(y));
}

}  // namespace malmoi::autograd
