// Columns as rows of their own, for what reads whole rows; copied again in the backward pass rather than kept.
#include "autograd/columns.h"
#include "autograd/ops.h"

namespace malmoi::autograd {
namespace {

struct SliceAttributes {
  int64_t first, width;
};

Tensor copy_of(Context& context, const Tensor& x, const SliceAttributes& a) {
  Tensor y = context.temporary(x.dtype(), {x.shape().rows(), a.width});
  context.run("slice", 0, &kernels::Backend::copy_columns,
              {.dtype = x.dtype(),
               .rows = x.shape().rows(),
               .cols = a.width,
               .x_stride = x.shape().columns(),
               .y_stride = a.width,
               .x = first_column(x, a.first),
               .y = y.data()});
  return y;
}

Tensor slice_recompute(Context& context, Tape&, Record& record) {
  return copy_of(context, record.saved[0].value, record.get<SliceAttributes>());
}

void slice_backward(Context& context, Tape& tape, Record& record) {
  const auto& a = record.get<SliceAttributes>();
  Tensor dy = tape.take_grad(record.outputs[0]);
  Tensor dx = gradient_to_add_to(context, tape, record.inputs[0], record.saved[0].value);
  context.run("slice backward", 0, &kernels::Backend::copy_columns,
              {.dtype = dy.dtype(),
               .rows = dy.shape().rows(),
               .cols = a.width,
               .x_stride = a.width,
               .y_stride = dx.shape().columns(),
               .x = dy.data(),
               .y = first_column(dx, a.first),
               .accumulate = true});
}

}  // namespace

extern const Op slice_op{"slice", slice_backward, slice_recompute};

Var slice(Context& context, Columns x) {
  SliceAttributes a{x.first, x.width};
  Tensor y = copy_of(context, x.rows.value, a);
  if (!context.tape) return {std::move(y), -1};
  Record& record = context.tape->push(slice_op, {.inputs = {x.rows.id}, .saved = {{x.rows.value}}}, a);
  return context.tape->output(record, 0, std::move(y));
}

}  // namespace malmoi::autograd
