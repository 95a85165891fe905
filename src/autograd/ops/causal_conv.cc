// The short causal convolution before a scan, over some columns of its input's rows.
#include "autograd/columns.h"
#include "autograd/ops.h"

namespace malmoi::autograd {
namespace {

struct CausalConvAttributes {
  CausalConvOptions options;
  int64_t first, channels;
};

kernels::CausalConvArgs causal_conv_args(const CausalConvAttributes& a, const Tensor& x, const Parameter& weight,
                                         const Parameter* bias) {
  const CausalConvOptions& o = a.options;
  std::span<const kernels::StateRun> runs = state_runs(o.runs, o.states, o.next_states);
  return {.dtype = x.dtype(),
          .activation = o.activation,
          .channels = a.channels,
          .taps = weight.shape.columns(),
          .x_stride = x.shape().columns(),
          .y_stride = a.channels,
          .runs = runs.data(),
          .num_runs = static_cast<int64_t>(runs.size()),
          .x = first_column(x, a.first),
          .weight = weight.compute.data(),
          .bias = bias ? bias->compute.data() : nullptr};
}

double causal_conv_cost(const kernels::CausalConvArgs& a, const CausalConvOptions& o) {
  return 2.0 * static_cast<double>(rows_of(o.runs) * a.taps * a.channels);
}

void causal_conv_backward(Context& context, Tape& tape, Record& record) {
  CausalConvAttributes a = record.get<CausalConvAttributes>();
  a.options.states = kept_states(record.saved[1].value);
  a.options.next_states = {};  // the forward pass wrote them
  Tensor dy = tape.take_grad(record.outputs[0]);
  const Tensor& x = record.saved[0].value;
  Parameter *weight = record.parameters[0], *bias = record.parameters[1];
  Tensor dx = gradient_to_add_to(context, tape, record.inputs[0], x);
  kernels::CausalConvArgs forward = causal_conv_args(a, x, *weight, bias);
  context.run("convolution backward", 2 * causal_conv_cost(forward, a.options), &kernels::Backend::causal_conv_backward,
              {.forward = forward,
               .dy = dy.data(),
               .dx = first_column(dx, a.first),
               .dx_stride = dx.shape().columns(),
               .accumulate = true,
               .dweight = weight->accumulated_grad(),
               .dbias = bias ? bias->accumulated_grad() : nullptr});
}

}  // namespace

extern const Op causal_conv_op{"causal_conv", causal_conv_backward};

Var causal_conv(Context& context, Columns x, Parameter& weight, Parameter* bias, const CausalConvOptions& options) {
  CausalConvAttributes a{options, x.first, x.width};
  const Tensor& rows = x.rows.value;
  Tensor y = rows_of_runs(context, rows, x.width, options.runs);
  kernels::CausalConvArgs args = causal_conv_args(a, rows, weight, bias);
  args.y = y.data();
  context.run("convolution", causal_conv_cost(args, options), &kernels::Backend::causal_conv, args);
  if (!context.tape) return {std::move(y), -1};
  Record& record = context.tape->push(
      causal_conv_op,
      {.inputs = {x.rows.id}, .saved = {{rows}, {keep_states(context, options.states)}}, .parameters = {&weight, bias}},
      a);
  return context.tape->output(record, 0, std::move(y));
}

}  // namespace malmoi::autograd
