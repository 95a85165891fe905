// Constant factors on columns of rows.
#include <algorithm>
#include <array>
#include <cassert>

#include "autograd/ops.h"

namespace malmoi::autograd {
namespace {

struct ScaleAttributes {
  std::array<kernels::ColumnScale, kernels::kMaxColumnScales> runs;
  int num_runs;
};

// In place where nobody else has x.
Tensor scaled(Context& context, const Tensor& x, const ScaleAttributes& a) {
  Tensor y = x.unique() ? x : context.temporary(x.dtype(), x.shape());
  kernels::ScaleArgs args{.dtype = x.dtype(),
                          .rows = x.shape().rows(),
                          .cols = x.shape().columns(),
                          .num_runs = a.num_runs,
                          .x = x.data(),
                          .y = y.data()};
  std::copy(a.runs.begin(), a.runs.end(), args.runs);
  context.run("scale", 0, &kernels::Backend::scale, args);
  return y;
}

void scale_backward(Context& context, Tape& tape, Record& record) {
  Tensor dy = tape.take_grad(record.outputs[0]);
  tape.give_grad(context, record.inputs[0], scaled(context, dy, record.get<ScaleAttributes>()));
}

}  // namespace

extern const Op scale_op{"scale", scale_backward};

Var scale(Context& context, Var x, std::initializer_list<kernels::ColumnScale> runs) {
  assert(runs.size() <= kernels::kMaxColumnScales);
  if (std::all_of(runs.begin(), runs.end(), [](const auto& run) { return run.factor == 1; })) return x;
  ScaleAttributes a{{}, static_cast<int>(runs.size())};
  std::copy(runs.begin(), runs.end(), a.runs.begin());
  Tensor y = scaled(context, x.value, a);
  if (!context.tape) return {std::move(y), -1};
  Record& record = context.tape->push(scale_op, {.inputs = {x.id}}, a);
  return context.tape->output(record, 0, std::move(y));
}

Var scale(Context& context, Var x, double factor) {
  int64_t columns = x.value.shape().columns();
  return scale(context, std::move(x), {{columns, static_cast<float>(factor)}});
}

}  // namespace malmoi::autograd
