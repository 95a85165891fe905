// Plain and gated activations; both are made again in the backward pass rather than kept.
#include "autograd/ops.h"
#include "autograd/ops/ops_internal.h"

namespace malmoi::autograd {
namespace {

Tensor apply(Context& context, const Tensor& x, kernels::Activation kind) {
  Tensor y = context.temporary(x.dtype(), x.shape());
  context.run("activation", 0, [&] {
    context.kernels->activation({.dtype = x.dtype(), .kind = kind, .n = x.elements(), .x = x.data(), .y = y.data()});
  });
  return y;
}

Tensor apply_gated(Context& context, const Tensor& gate_up, kernels::Activation kind) {
  int64_t rows = gate_up.shape().rows(), cols = gate_up.shape().columns() / 2;
  Tensor y = context.temporary(gate_up.dtype(), {rows, cols});
  context.run("gated", 0, [&] {
    context.kernels->gated(
        {.dtype = gate_up.dtype(), .kind = kind, .rows = rows, .cols = cols, .gate_up = gate_up.data(), .y = y.data()});
  });
  return y;
}

Var record_unary(Context& context, OpKind op, const Var& x, Tensor y, kernels::Activation kind) {
  if (!context.tape) return {std::move(y), -1};
  Record& record = context.tape->push(op);
  record.inputs[0] = x.id;
  record.saved[0].value = x.value;
  record.set(kind);
  return context.tape->output(record, 0, std::move(y));
}

}  // namespace

Var activation(Context& context, const Var& x, kernels::Activation kind) {
  return record_unary(context, OpKind::kActivation, x, apply(context, x.value, kind), kind);
}

Tensor activation_recompute(Context& context, Tape&, Record& record) {
  return apply(context, record.saved[0].value, record.get<kernels::Activation>());
}

void activation_backward(Context& context, Tape& tape, Record& record) {
  Tensor dy = tape.take_grad(record.outputs[0]);
  const Tensor& x = record.saved[0].value;
  Tensor dx = dy.unique() ? dy : context.temporary(dy.dtype(), dy.shape());
  context.run("activation backward", 0, [&] {
    context.kernels->activation_backward({.dtype = x.dtype(),
                                          .kind = record.get<kernels::Activation>(),
                                          .n = x.elements(),
                                          .x = x.data(),
                                          .dy = dy.data(),
                                          .dx = dx.data()});
  });
  dy = Tensor();
  tape.give_grad(context, record.inputs[0], std::move(dx));
}

Var gated(Context& context, const Var& gate_up, kernels::Activation kind) {
  return record_unary(context, OpKind::kGated, gate_up, apply_gated(context, gate_up.value, kind), kind);
}

Tensor gated_recompute(Context& context, Tape&, Record& record) {
  return apply_gated(context, record.saved[0].value, record.get<kernels::Activation>());
}

void gated_backward(Context& context, Tape& tape, Record& record) {
  Tensor dy = tape.take_grad(record.outputs[0]);
  const Tensor& gate_up = record.saved[0].value;
  Tensor dx = context.temporary(gate_up.dtype(), gate_up.shape());
  context.run("gated backward", 0, [&] {
    context.kernels->gated_backward({.dtype = dy.dtype(),
                                     .kind = record.get<kernels::Activation>(),
                                     .rows = dy.shape().rows(),
                                     .cols = dy.shape().columns(),
                                     .gate_up = gate_up.data(),
                                     .dy = dy.data(),
                                     .dgate_up = dx.data()});
  });
  tape.give_grad(context, record.inputs[0], std::move(dx));
}

}  // namespace malmoi::autograd
