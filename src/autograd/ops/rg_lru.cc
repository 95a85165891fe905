// Griffin's gated linear recurrence; its output is the state of each row, which the backward pass reads.
#include "autograd/columns.h"
#include "autograd/ops.h"

namespace malmoi::autograd {
namespace {

kernels::RgLruArgs rg_lru_args(const RgLruOptions& o, const Tensor& x, const Tensor& input_gate,
                               const Tensor& recurrent_gate) {
  std::span<const kernels::StateRun> runs = state_runs(o.runs, o.states);
  return {.dtype = x.dtype(),
          .channels = x.shape().columns(),
          .runs = runs.data(),
          .num_runs = static_cast<int64_t>(runs.size()),
          .positions = o.positions.data(),
          .x = x.data(),
          .input_gate = input_gate.data(),
          .recurrent_gate = recurrent_gate.data(),
          .param = o.param->compute.data()};
}

// saved: x, the gates, y.
void rg_lru_backward(Context& context, Tape& tape, Record& record) {
  const auto& o = record.get<RgLruOptions>();
  Tensor dy = tape.take_grad(record.outputs[0]);
  Tensor x = record.saved[0].value, y = record.saved[3].value;
  kernels::RgLruArgs forward = rg_lru_args(o, x, record.saved[1].value, record.saved[2].value);
  forward.y = y.data();
  Tensor grads[3];
  for (Tensor& grad : grads) grad = rows_of_runs(context, x, forward.channels, o.runs);
  context.run("rg-lru backward", 0, &kernels::Backend::rg_lru_backward,
              {.forward = forward,
               .dy = dy.data(),
               .dx = grads[0].data(),
               .dinput_gate = grads[1].data(),
               .drecurrent_gate = grads[2].data(),
               .dparam = o.param->accumulated_grad()});
  dy = Tensor();
  for (size_t i = 0; i < record.inputs.size(); ++i) tape.give_grad(context, record.inputs[i], std::move(grads[i]));
}

}  // namespace

extern const Op rg_lru_op{"rg_lru", rg_lru_backward};

Var rg_lru(Context& context, Var x, Var input_gate, Var recurrent_gate, const RgLruOptions& options) {
  Tensor y = rows_of_runs(context, x.value, x.value.shape().columns(), options.runs);
  kernels::RgLruArgs args = rg_lru_args(options, x.value, input_gate.value, recurrent_gate.value);
  args.y = y.data();
  context.run("rg-lru", 0, &kernels::Backend::rg_lru, args);
  if (!context.tape) return {std::move(y), -1};
  Record& record = context.tape->push(rg_lru_op,
                                      {.inputs = {x.id, input_gate.id, recurrent_gate.id},
                                       .saved = {{x.value}, {input_gate.value}, {recurrent_gate.value}, {y}},
                                       .parameters = {options.param}},
                                      options);
  return context.tape->output(record, 0, std::move(y));
}

}  // namespace malmoi::autograd
