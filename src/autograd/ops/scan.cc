// The state space scan over columns of its inputs' rows; its states are computed again in the backward pass.
#include <array>

#include "autograd/columns.h"
#include "autograd/ops.h"

namespace malmoi::autograd {
namespace {

constexpr size_t kScanOperands = 4;  // x, B, C, dt

struct ScanAttributes {
  ScanOptions options;
  std::array<int64_t, kScanOperands> first;
};

using ScanOperands = std::array<const Tensor*, kScanOperands>;

kernels::SsdScanArgs scan_args(const ScanAttributes& a, const ScanOperands& in) {
  const ScanOptions& o = a.options;
  std::span<const kernels::StateRun> runs = state_runs(o.runs, o.states, o.next_states);
  return {.dtype = in[0]->dtype(),
          .heads = o.heads,
          .head_dim = o.head_dim,
          .groups = o.groups,
          .state_size = o.state_size,
          .x_stride = in[0]->shape().columns(),
          .dt_stride = in[3]->shape().columns(),
          .b_stride = in[1]->shape().columns(),
          .c_stride = in[2]->shape().columns(),
          .y_stride = o.heads * o.head_dim,
          .runs = runs.data(),
          .num_runs = static_cast<int64_t>(runs.size()),
          .rows = in[0]->shape().rows(),
          .x = first_column(*in[0], a.first[0]),
          .dt = first_column(*in[3], a.first[3]),
          .b = first_column(*in[1], a.first[1]),
          .c = first_column(*in[2], a.first[2]),
          .a_log = values_of(o.a_log),
          .d = values_of(o.d),
          .dt_bias = values_of(o.dt_bias),
          .dt_min = o.dt_min,
          .dt_max = o.dt_max};
}

/// A state's element is decayed, added to and read in each row.
double scan_cost(const ScanOptions& o) {
  return 6.0 * static_cast<double>(rows_of(o.runs)) * static_cast<double>(o.heads * o.head_dim * o.state_size);
}

// saved and inputs: x, B, C, dt; those that are columns of one tensor share its gradient. Then, saved, the states.
void scan_backward(Context& context, Tape& tape, Record& record) {
  ScanAttributes a = record.get<ScanAttributes>();
  a.options.states = kept_states(record.saved[kScanOperands].value);
  a.options.next_states = {};  // the forward pass wrote them
  const ScanOptions& o = a.options;
  Tensor dy = tape.take_grad(record.outputs[0]);
  ScanOperands in;
  std::array<Tensor, kScanOperands> grads;
  for (size_t i = 0; i < kScanOperands; ++i) in[i] = &record.saved[i].value;
  gradients_to_add_to(context, tape, record, grads);
  kernels::SsdScanArgs forward = scan_args(a, in);
  Tensor scratch = context.scratch(kernels::ssd_scan_backward_scratch(forward));
  auto grad = [](Parameter* p) { return p ? p->accumulated_grad() : nullptr; };
  context.run("scan backward", 3 * scan_cost(o), &kernels::Backend::ssd_scan_backward,
              {.forward = forward,
               .dy = dy.data(),
               .dx_stride = forward.x_stride,
               .ddt_stride = forward.dt_stride,
               .db_stride = forward.b_stride,
               .dc_stride = forward.c_stride,
               .dx = first_column(grads[0], a.first[0]),
               .ddt = first_column(grads[3], a.first[3]),
               .db = first_column(grads[1], a.first[1]),
               .dc = first_column(grads[2], a.first[2]),
               .accumulate = true,
               .da_log = grad(o.a_log),
               .dd = grad(o.d),
               .ddt_bias = grad(o.dt_bias),
               .scratch = scratch.data()});
}

}  // namespace

extern const Op scan_op{"scan", scan_backward};

Var scan(Context& context, Columns x, Columns b, Columns c, Columns dt, const ScanOptions& options) {
  ScanAttributes a{options, {x.first, b.first, c.first, dt.first}};
  Tensor y = rows_of_runs(context, x.rows.value, options.heads * options.head_dim, options.runs);
  kernels::SsdScanArgs args = scan_args(a, {&x.rows.value, &b.rows.value, &c.rows.value, &dt.rows.value});
  Tensor scratch = context.scratch(kernels::ssd_scan_scratch(args));
  args.y = y.data();
  args.scratch = scratch.data();
  context.run("scan", scan_cost(options), &kernels::Backend::ssd_scan, args);
  scratch = Tensor();
  if (!context.tape) return {std::move(y), -1};
  Record& record = context.tape->push(
      scan_op,
      {.inputs = {x.rows.id, b.rows.id, c.rows.id, dt.rows.id},
       .saved =
           {{x.rows.value}, {b.rows.value}, {c.rows.value}, {dt.rows.value}, {keep_states(context, options.states)}},
       .parameters = {options.a_log, options.d, options.dt_bias}},
      a);
  return context.tape->output(record, 0, std::move(y));
}

}  // namespace malmoi::autograd
