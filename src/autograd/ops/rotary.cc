// Rotary positions, in place on heads of rows.
#include <cstring>

#include "autograd/ops.h"

namespace malmoi::autograd {
namespace {

void rotate(Context& context, Tensor& x, const RotaryOptions& o, bool inverse) {
  context.run("rotary", 0, &kernels::Backend::rotary,
              {.dtype = x.dtype(),
               .x = element_at(x.data(), x.dtype(), o.first_column),
               .rows = x.shape().rows(),
               .row_stride = x.shape().columns(),
               .heads = o.heads,
               .head_dim = o.head_dim,
               .rotary_dim = o.rotary_dim,
               .interleaved = o.interleaved,
               .inverse = inverse,
               .positions = o.positions,
               .cos = o.cos,
               .sin = o.sin,
               .long_texts = o.long_texts});
}

void rotary_backward(Context& context, Tape& tape, Record& record) {
  Tensor dx = tape.take_grad(record.outputs[0]);
  if (!dx.unique()) {  // another activation's gradient lies in the same place
    Tensor own = context.temporary(dx.dtype(), dx.shape());
    context.step("copy gradient", 0, [&] { std::memcpy(own.data(), dx.data(), dx.bytes()); });
    dx = std::move(own);
  }
  rotate(context, dx, record.get<RotaryOptions>(), true);
  tape.give_grad(context, record.inputs[0], std::move(dx));
}

}  // namespace

extern const Op rotary_op{"rotary", rotary_backward};

Var rotary(Context& context, Var x, const RotaryOptions& options) {
  rotate(context, x.value, options, false);
  if (!context.tape) return x;
  Record& record = context.tape->push(rotary_op, {.inputs = {x.id}}, options);
  return context.tape->output(record, 0, std::move(x.value));
}

}  // namespace malmoi::autograd
