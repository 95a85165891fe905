// Some rows of a tensor: the first of each text, those that count.
#include "autograd/ops.h"

namespace malmoi::autograd {
namespace {

struct GatherRowsAttributes {
  std::span<const int32_t> index;
  int64_t source_rows;
};

void gather_rows_backward(Context& context, Tape& tape, Record& record) {
  const auto& a = record.get<GatherRowsAttributes>();
  Tensor dy = tape.take_grad(record.outputs[0]);
  int64_t rows = dy.shape().rows(), cols = dy.shape().columns();
  Tensor dx = context.temporary(dy.dtype(), {a.source_rows, cols});
  Tensor scratch = context.scratch(kernels::gather_rows_backward_scratch(rows, a.source_rows));
  context.run("gather rows backward", 0, &kernels::Backend::gather_rows_backward,
              {.dtype = dy.dtype(),
               .rows = rows,
               .source_rows = a.source_rows,
               .cols = cols,
               .index = a.index.data(),
               .dy = dy.data(),
               .dx = dx.data(),
               .scratch = scratch.data()});
  tape.give_grad(context, record.inputs[0], std::move(dx));
}

}  // namespace

extern const Op gather_rows_op{"gather_rows", gather_rows_backward};

Var gather_rows(Context& context, Var x, std::span<const int32_t> index) {
  auto rows = static_cast<int64_t>(index.size());
  Tensor y = context.temporary(x.value.dtype(), {rows, x.value.shape().columns()});
  context.run("gather rows", 0, &kernels::Backend::gather_rows,
              {.dtype = y.dtype(),
               .rows = rows,
               .cols = y.shape().columns(),
               .x = x.value.data(),
               .index = index.data(),
               .y = y.data()});
  if (!context.tape) return {std::move(y), -1};
  Record& record =
      context.tape->push(gather_rows_op, {.inputs = {x.id}}, GatherRowsAttributes{index, x.value.shape().rows()});
  return context.tape->output(record, 0, std::move(y));
}

}  // namespace malmoi::autograd
