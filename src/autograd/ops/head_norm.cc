// Norms over heads, of queries and keys in one pass over their rows.
#include <algorithm>
#include <array>
#include <cassert>

#include "autograd/ops.h"

namespace malmoi::autograd {
namespace {

// Parameters of a record: weight and bias of each run.
struct HeadNormAttributes {
  HeadNormOptions options;
  std::array<HeadNormRun, kernels::kMaxHeadRuns> runs;
  int num_runs;
};

kernels::HeadNormArgs head_norm_args(const HeadNormAttributes& a, const Tensor& x) {
  int64_t cols = x.shape().columns();
  kernels::HeadNormArgs args{.dtype = x.dtype(),
                             .layer = a.options.layer,
                             .rows = x.shape().rows(),
                             .cols = cols,
                             .x_stride = cols,
                             .y_stride = cols,
                             .num_runs = a.num_runs,
                             .weight_offset = a.options.weight_offset,
                             .eps = a.options.eps,
                             .x = x.data()};
  for (int i = 0; i < a.num_runs; ++i) {
    const HeadNormRun& run = a.runs[static_cast<size_t>(i)];
    args.runs[i] = {
        run.heads, run.head_dim, values_of(run.weight), values_of(run.bias), run.per_head ? run.head_dim : 0, run.skip};
  }
  return args;
}

// saved: x, 1 / std, mean (empty for RMS).
void head_norm_backward(Context& context, Tape& tape, Record& record) {
  const auto& a = record.get<HeadNormAttributes>();
  Tensor dy = tape.take_grad(record.outputs[0]);
  int64_t cols = dy.shape().columns();
  Tensor dx = dy.unique() ? dy : context.temporary(dy.dtype(), dy.shape());
  kernels::HeadNormBackwardArgs args{.forward = head_norm_args(a, record.saved[0].value),
                                     .dy = dy.data(),
                                     .dx = dx.data(),
                                     .dy_stride = cols,
                                     .dx_stride = cols};
  args.forward.rstd = record.saved[1].value.data();
  args.forward.mean = record.saved[2].value.data();
  for (int i = 0; i < a.num_runs; ++i) {
    const HeadNormRun& run = a.runs[static_cast<size_t>(i)];
    if (run.weight) args.dweight[i] = run.weight->accumulated_grad();
    if (run.bias) args.dbias[i] = run.bias->accumulated_grad();
  }
  Tensor scratch = context.scratch(kernels::head_norm_backward_scratch(args.forward));
  args.scratch = scratch.data();
  context.run("head norm backward", 0, &kernels::Backend::head_norm_backward, args);
  dy = Tensor();
  tape.give_grad(context, record.inputs[0], std::move(dx));
}

}  // namespace

extern const Op head_norm_op{"head_norm", head_norm_backward};

Var head_norm(Context& context, Var x, std::initializer_list<HeadNormRun> runs, const HeadNormOptions& options) {
  assert(runs.size() <= kernels::kMaxHeadRuns);
  HeadNormAttributes a{options, {}, static_cast<int>(runs.size())};
  std::copy(runs.begin(), runs.end(), a.runs.begin());
  kernels::HeadNormArgs args = head_norm_args(a, x.value);
  if (!context.tape) {
    args.y = x.value.data();
    context.run("head norm", 0, &kernels::Backend::head_norm, args);
    return x;
  }
  int64_t heads = 0;
  std::array<Parameter*, size_t{2} * kernels::kMaxHeadRuns> parameters{};
  for (size_t i = 0; i < runs.size(); ++i) {
    heads += a.runs[i].heads;
    parameters[2 * i] = a.runs[i].weight;
    parameters[2 * i + 1] = a.runs[i].bias;
  }
  Tensor y = context.temporary(x.value.dtype(), x.value.shape());
  Tensor rstd = context.temporary(context.statistics_type(), {args.rows, heads}), mean;
  if (options.layer) mean = context.temporary(context.statistics_type(), {args.rows, heads});
  args.y = y.data();
  args.rstd = rstd.data();
  args.mean = mean.data();
  context.run("head norm", 0, &kernels::Backend::head_norm, args);
  Record& record = context.tape->push(
      head_norm_op,
      {.inputs = {x.id}, .saved = {{x.value}, {rstd}, {mean}}, .parameters = std::span<Parameter* const>(parameters)},
      a);
  return context.tape->output(record, 0, std::move(y));
}

}  // namespace malmoi::autograd
