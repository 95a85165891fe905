// Some columns of rows as rows of their own, for products, which read whole rows.
#include "autograd/columns.h"
#include "autograd/ops.h"

namespace malmoi::autograd {
namespace {

struct Attributes {
  DType dtype;
  Shape shape;  // of the rows
  int64_t first, width;
};

void backward(Context& context, Tape& tape, Record& record) {
  const auto& a = record.get<Attributes>();
  Tensor dy = tape.take_grad(record.outputs[0]);
  Tensor dx = gradient_to_add_to(context, tape, record.inputs[0], Tensor::view(nullptr, a.dtype, a.shape));
  context.run("take columns backward", 0, &kernels::Backend::copy_columns,
              {.dtype = a.dtype,
               .rows = a.shape.rows(),
               .cols = a.width,
               .x_stride = a.width,
               .y_stride = a.shape.columns(),
               .x = dy.data(),
               .y = first_column(dx, a.first),
               .accumulate = true});
}

}  // namespace

extern const Op take_columns_op{"take_columns", backward};

Var take_columns(Context& context, Columns x) {
  const Tensor& rows = x.rows.value;
  Tensor y = context.temporary(rows.dtype(), {rows.shape().rows(), x.width});
  context.run("take columns", 0, &kernels::Backend::copy_columns,
              {.dtype = rows.dtype(),
               .rows = rows.shape().rows(),
               .cols = x.width,
               .x_stride = rows.shape().columns(),
               .y_stride = x.width,
               .x = first_column(rows, x.first),
               .y = y.data()});
  if (!context.tape) return {std::move(y), -1};
  Record& record = context.tape->push(take_columns_op, {.inputs = {x.rows.id}},
                                      Attributes{rows.dtype(), rows.shape(), x.first, x.width});
  return context.tape->output(record, 0, std::move(y));
}

}  // namespace malmoi::autograd
