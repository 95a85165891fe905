// Rotary positions, in place on the queries and keys of fused rows.
#include "autograd/ops.h"
#include "autograd/ops/ops_internal.h"

namespace malmoi::autograd {
namespace {

void rotate(Context& context, Tensor& x, const RotaryOptions& o, bool inverse) {
  context.run("rotary", 0, [&] {
    context.kernels->rotary({.dtype = x.dtype(),
                             .x = x.data(),
                             .rows = x.shape().rows(),
                             .row_stride = x.shape().columns(),
                             .heads = o.heads,
                             .head_dim = o.head_dim,
                             .rotary_dim = o.rotary_dim,
                             .interleaved = o.interleaved,
                             .inverse = inverse,
                             .positions = o.positions,
                             .cos = o.cos,
                             .sin = o.sin});
  });
}

}  // namespace

Var rotary(Context& context, Var x, const RotaryOptions& options) {
  rotate(context, x.value, options, false);
  if (!context.tape) return x;
  Record& record = context.tape->push(OpKind::kRotary);
  record.inputs[0] = x.id;
  record.set(options);
  return context.tape->output(record, 0, std::move(x.value));
}

void rotary_backward(Context& context, Tape& tape, Record& record) {
  Tensor dx = tape.take_grad(record.outputs[0]);
  // Attention alone reads what was rotated, so the gradient is this op's own and the inverse goes in place.
  assert(dx.unique());
  rotate(context, dx, record.get<RotaryOptions>(), true);
  tape.give_grad(context, record.inputs[0], std::move(dx));
}

}  // namespace malmoi::autograd
