// Mamba's selective scan over columns of its inputs' rows; its states are computed again in the backward pass.
#include <array>

#include "autograd/columns.h"
#include "autograd/ops.h"

namespace malmoi::autograd {
namespace {

constexpr size_t kSelectiveScanOperands = 4;  // x, dt, B, C

struct SelectiveScanAttributes {
  SelectiveScanOptions options;
  std::array<int64_t, kSelectiveScanOperands> first;
};

using SelectiveScanOperands = std::array<const Tensor*, kSelectiveScanOperands>;

kernels::SelectiveScanArgs selective_scan_args(const SelectiveScanAttributes& a, const SelectiveScanOperands& in) {
  const SelectiveScanOptions& o = a.options;
  std::span<const kernels::StateRun> runs = state_runs(o.runs, o.states);
  int64_t channels = o.a_log->shape.rows();
  return {.dtype = in[0]->dtype(),
          .channels = channels,
          .state_size = o.a_log->shape.columns(),
          .x_stride = in[0]->shape().columns(),
          .dt_stride = in[1]->shape().columns(),
          .b_stride = in[2]->shape().columns(),
          .c_stride = in[3]->shape().columns(),
          .y_stride = channels,
          .runs = runs.data(),
          .num_runs = static_cast<int64_t>(runs.size()),
          .rows = in[0]->shape().rows(),
          .x = first_column(*in[0], a.first[0]),
          .dt = first_column(*in[1], a.first[1]),
          .b = first_column(*in[2], a.first[2]),
          .c = first_column(*in[3], a.first[3]),
          .a_log = o.a_log->compute.data(),
          .d = o.d ? o.d->compute.data() : nullptr};
}

/// A state's element is decayed, added to and read in each row.
double selective_scan_cost(const SelectiveScanOptions& o) {
  return 6.0 * static_cast<double>(rows_of(o.runs)) * static_cast<double>(o.a_log->shape.elements());
}

// saved and inputs: x, dt, B, C; those that are columns of one tensor share its gradient.
void selective_scan_backward(Context& context, Tape& tape, Record& record) {
  const auto& a = record.get<SelectiveScanAttributes>();
  const SelectiveScanOptions& o = a.options;
  Tensor dy = tape.take_grad(record.outputs[0]);
  SelectiveScanOperands in;
  std::array<Tensor, kSelectiveScanOperands> grads;
  for (size_t i = 0; i < kSelectiveScanOperands; ++i) in[i] = &record.saved[i].value;
  gradients_to_add_to(context, tape, record, grads);
  kernels::SelectiveScanArgs forward = selective_scan_args(a, in);
  Tensor scratch = context.scratch(kernels::selective_scan_backward_scratch(forward));
  context.run("selective scan backward", 3 * selective_scan_cost(o), &kernels::Backend::selective_scan_backward,
              {.forward = forward,
               .dy = dy.data(),
               .dx_stride = forward.x_stride,
               .ddt_stride = forward.dt_stride,
               .db_stride = forward.b_stride,
               .dc_stride = forward.c_stride,
               .dx = first_column(grads[0], a.first[0]),
               .ddt = first_column(grads[1], a.first[1]),
               .db = first_column(grads[2], a.first[2]),
               .dc = first_column(grads[3], a.first[3]),
               .accumulate = true,
               .da_log = o.a_log->accumulated_grad(),
               .dd = o.d ? o.d->accumulated_grad() : nullptr,
               .scratch = scratch.data()});
}

}  // namespace

extern const Op selective_scan_op{"selective_scan", selective_scan_backward};

Var selective_scan(Context& context, Columns x, Columns dt, Columns b, Columns c, const SelectiveScanOptions& options) {
  SelectiveScanAttributes a{options, {x.first, dt.first, b.first, c.first}};
  Tensor y = rows_of_runs(context, x.rows.value, x.width, options.runs);
  kernels::SelectiveScanArgs args =
      selective_scan_args(a, {&x.rows.value, &dt.rows.value, &b.rows.value, &c.rows.value});
  args.y = y.data();
  context.run("selective scan", selective_scan_cost(options), &kernels::Backend::selective_scan, args);
  if (!context.tape) return {std::move(y), -1};
  Record& record = context.tape->push(selective_scan_op,
                                      {.inputs = {x.rows.id, dt.rows.id, b.rows.id, c.rows.id},
                                       .saved = {{x.rows.value}, {dt.rows.value}, {b.rows.value}, {c.rows.value}},
                                       .parameters = {options.a_log, options.d}},
                                      a);
  return context.tape->output(record, 0, std::move(y));
}

}  // namespace malmoi::autograd
