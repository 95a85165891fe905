// The gated delta rule over columns of its inputs' rows; its states are computed again in the backward pass.
#include <array>

#include "autograd/columns.h"
#include "autograd/ops.h"

namespace malmoi::autograd {
namespace {

constexpr size_t kDeltaRuleOperands = 5;  // q, k, v, b, a

struct DeltaRuleAttributes {
  DeltaRuleOptions options;
  std::array<int64_t, kDeltaRuleOperands> first;
};

using DeltaRuleOperands = std::array<const Tensor*, kDeltaRuleOperands>;

kernels::DeltaRuleArgs delta_rule_args(const DeltaRuleAttributes& attributes, const DeltaRuleOperands& in) {
  const DeltaRuleOptions& o = attributes.options;
  std::span<const kernels::StateRun> runs = state_runs(o.runs, o.states);
  auto stride = [&](size_t i) { return in[i]->shape().columns(); };
  auto values = [&](size_t i) { return first_column(*in[i], attributes.first[i]); };
  return {.dtype = in[0]->dtype(),
          .heads = o.heads,
          .value_dim = o.value_dim,
          .key_heads = o.key_heads,
          .key_dim = o.key_dim,
          .q_stride = stride(0),
          .k_stride = stride(1),
          .v_stride = stride(2),
          .b_stride = stride(3),
          .a_stride = stride(4),
          .y_stride = o.heads * o.value_dim,
          .runs = runs.data(),
          .num_runs = static_cast<int64_t>(runs.size()),
          .q = values(0),
          .k = values(1),
          .v = values(2),
          .b = values(3),
          .a = values(4),
          .query_scale = o.query_scale,
          .key_scale = o.key_scale,
          .a_log = o.a_log->compute.data(),
          .dt_bias = o.dt_bias->compute.data()};
}

/// A state's element is decayed, read by k, added to and read by q in each row.
double delta_rule_cost(const DeltaRuleOptions& o) {
  return 8.0 * static_cast<double>(rows_of(o.runs)) * static_cast<double>(o.heads * o.key_dim * o.value_dim);
}

// saved and inputs: q, k, v, b, a; those that are columns of one tensor share its gradient.
void delta_rule_backward(Context& context, Tape& tape, Record& record) {
  const auto& attributes = record.get<DeltaRuleAttributes>();
  const DeltaRuleOptions& o = attributes.options;
  Tensor dy = tape.take_grad(record.outputs[0]);
  DeltaRuleOperands in;
  std::array<Tensor, kDeltaRuleOperands> grads;
  for (size_t i = 0; i < kDeltaRuleOperands; ++i) in[i] = &record.saved[i].value;
  gradients_to_add_to(context, tape, record, grads);
  kernels::DeltaRuleArgs forward = delta_rule_args(attributes, in);
  Tensor scratch = context.scratch(kernels::delta_rule_backward_scratch(forward));
  auto gradient = [&](size_t i) { return first_column(grads[i], attributes.first[i]); };
  context.run("delta rule backward", 3 * delta_rule_cost(o), &kernels::Backend::delta_rule_backward,
              {.forward = forward,
               .dy = dy.data(),
               .dq_stride = forward.q_stride,
               .dk_stride = forward.k_stride,
               .dv_stride = forward.v_stride,
               .db_stride = forward.b_stride,
               .da_stride = forward.a_stride,
               .dq = gradient(0),
               .dk = gradient(1),
               .dv = gradient(2),
               .db = gradient(3),
               .da = gradient(4),
               .accumulate = true,
               .da_log = o.a_log->accumulated_grad(),
               .ddt_bias = o.dt_bias->accumulated_grad(),
               .scratch = scratch.data()});
}

}  // namespace

extern const Op delta_rule_op{"delta_rule", delta_rule_backward};

Var delta_rule(Context& context, Columns q, Columns k, Columns v, Columns b, Columns a,
               const DeltaRuleOptions& options) {
  DeltaRuleAttributes attributes{options, {q.first, k.first, v.first, b.first, a.first}};
  Tensor y = rows_of_runs(context, v.rows.value, options.heads * options.value_dim, options.runs);
  kernels::DeltaRuleArgs args =
      delta_rule_args(attributes, {&q.rows.value, &k.rows.value, &v.rows.value, &b.rows.value, &a.rows.value});
  Tensor scratch = context.scratch(kernels::delta_rule_scratch(args));
  args.y = y.data();
  args.scratch = scratch.data();
  context.run("delta rule", delta_rule_cost(options), &kernels::Backend::delta_rule, args);
  scratch = Tensor();
  if (!context.tape) return {std::move(y), -1};
  Record& record =
      context.tape->push(delta_rule_op,
                         {.inputs = {q.rows.id, k.rows.id, v.rows.id, b.rows.id, a.rows.id},
                          .saved = {{q.rows.value}, {k.rows.value}, {v.rows.value}, {b.rows.value}, {a.rows.value}},
                          .parameters = {options.a_log, options.dt_bias}},
                         attributes);
  return context.tape->output(record, 0, std::move(y));
}

}  // namespace malmoi::autograd
