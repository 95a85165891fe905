// The recurrence of an LSTM's or a GRU's layer. The gates' values are kept for the backward pass, whose products of all rows
// (the weight's gradient) are one product at its end.
#include <vector>

#include "autograd/bias.h"
#include "autograd/columns.h"
#include "autograd/ops.h"

namespace malmoi::autograd {
namespace {

using kernels::RecurrentCell;

kernels::RecurrentArgs recurrent_args(const RecurrentOptions& o, const Tensor& weight, DType dtype) {
  static thread_local std::vector<kernels::RecurrentRun> runs;
  runs.clear();
  for (size_t i = 0; i < o.runs.size(); ++i) {
    float* state = o.states.empty() ? nullptr : o.states[i];
    runs.push_back({o.runs[i].begin, o.runs[i].length, state, o.next_states.empty() ? state : o.next_states[i]});
  }
  return {.dtype = dtype,
          .w_dtype = weight.dtype(),
          .cell = o.cell,
          .hidden = weight.shape().columns(),
          .runs = runs.data(),
          .num_runs = static_cast<int64_t>(runs.size()),
          .weight = weight.data()};
}

double recurrent_cost(const RecurrentOptions& o, const Weight& weight) {
  return 2.0 * static_cast<double>(rows_of(o.runs)) * static_cast<double>(weight.out_features()) *
         static_cast<double>(weight.in_features());
}

// saved: the gates' values, c (or what a GRU's r multiplies), h, the states.
void recurrent_backward(Context& context, Tape& tape, Record& record) {
  RecurrentOptions o = record.get<RecurrentOptions>();
  o.states = kept_states(record.saved[3].value);
  o.next_states = {};  // the forward pass wrote them
  const Weight& weight = *record.weights[0];
  Tensor dy = tape.take_grad(record.outputs[0]), gates = std::move(record.saved[0].value);
  Tensor inner = record.saved[1].value, y = record.saved[2].value;
  const int64_t width = gates.shape().columns();
  const bool lstm = o.cell == RecurrentCell::kLstm, all_rows = rows_of(o.runs) == gates.shape().rows();
  Tensor dinput = all_rows && gates.unique() ? gates : rows_of_runs(context, gates, width, o.runs);
  Tensor dproduct = lstm ? dinput : rows_of_runs(context, gates, width, o.runs);
  Tensor previous = rows_of_runs(context, y, weight.in_features(), o.runs);
  {
    Tensor w = weight.rows(context);
    kernels::RecurrentArgs forward = recurrent_args(o, w, y.dtype());
    forward.gates = gates.data();
    forward.inner = inner.data();
    forward.y = y.data();
    Tensor scratch = context.scratch(kernels::recurrent_backward_scratch(forward));
    context.run("recurrence backward", recurrent_cost(o, weight), &kernels::Backend::recurrent_backward,
                {.forward = forward,
                 .dy = dy.data(),
                 .dinput = dinput.data(),
                 .dproduct = dproduct.data(),
                 .previous = previous.data(),
                 .scratch = scratch.data()});
  }
  accumulate_bias(context, record.parameters[0], dproduct);
  if (weight.wants_gradient()) weight.accumulate_gradient(context, dproduct, previous);
  tape.give_grad(context, record.inputs[0], std::move(dinput));
}

}  // namespace

extern const Op recurrent_op{"recurrent", recurrent_backward};

Var recurrent(Context& context, Var input, const Weight& weight, Parameter* bias, const RecurrentOptions& options) {
  const Tensor& x = input.value;
  Tensor y = rows_of_runs(context, x, weight.in_features(), options.runs), gates, inner;
  if (context.tape) {
    gates = x.unique() ? x : context.temporary(x.dtype(), x.shape());
    inner = context.temporary(context.statistics_type(), y.shape());
  }
  {
    Tensor w = weight.rows(context);
    kernels::RecurrentArgs args = recurrent_args(options, w, x.dtype());
    Tensor scratch = context.scratch(kernels::recurrent_scratch(args));
    args.bias = bias ? bias->compute.data() : nullptr;
    args.input = x.data();
    args.gates = gates.data();
    args.inner = inner.data();
    args.y = y.data();
    args.scratch = scratch.data();
    context.run("recurrence", recurrent_cost(options, weight), &kernels::Backend::recurrent, args);
  }
  if (!context.tape) return {std::move(y), -1};
  const int32_t id = input.id;
  input.value = Tensor();
  Record& record = context.tape->push(
      recurrent_op,
      {.inputs = {id},
       .saved = {{std::move(gates)}, {std::move(inner)}, {y}, {keep_states(context, options.states)}},
       .parameters = {bias},
       .weights = {&weight}},
      options);
  return context.tape->output(record, 0, std::move(y));
}

}  // namespace malmoi::autograd
