// Rows without those of padding.
#include <cstring>

#include "autograd/ops.h"

namespace malmoi::autograd {
namespace {

using Mask = std::span<const uint8_t>;  // of each row

Tensor masked_rows(Context& context, const Tensor& x, Mask mask) {
  Tensor y = context.temporary(x.dtype(), x.shape());
  context.step("mask rows", 0, [&] {
    size_t row = x.bytes() / mask.size();
    for (size_t r = 0; r < mask.size(); ++r) {
      auto* to = static_cast<std::byte*>(y.data()) + r * row;
      if (mask[r] != 0) std::memcpy(to, static_cast<const std::byte*>(x.data()) + r * row, row);
      else std::memset(to, 0, row);
    }
  });
  return y;
}

void mask_rows_backward(Context& context, Tape& tape, Record& record) {
  Tensor dy = tape.take_grad(record.outputs[0]);
  tape.give_grad(context, record.inputs[0], masked_rows(context, dy, record.get<Mask>()));
}

}  // namespace

extern const Op mask_rows_op{"mask_rows", mask_rows_backward};

Var mask_rows(Context& context, Var x, std::span<const uint8_t> mask) {
  if (mask.empty()) return x;
  Tensor y = masked_rows(context, x.value, mask);
  if (!context.tape) return {std::move(y), -1};
  Record& record = context.tape->push(mask_rows_op, {.inputs = {x.id}}, mask);
  return context.tape->output(record, 0, std::move(y));
}

}  // namespace malmoi::autograd
