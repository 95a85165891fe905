// RWKV-4's weighted average of the values so far; its sums are computed again in the backward pass.
#include "autograd/columns.h"
#include "autograd/ops.h"

namespace malmoi::autograd {
namespace {

kernels::WkvArgs wkv_args(const WkvOptions& o, const Tensor& k, const Tensor& v) {
  std::span<const kernels::StateRun> runs = state_runs(o.runs, o.states);
  return {.dtype = k.dtype(),
          .channels = k.shape().columns(),
          .runs = runs.data(),
          .num_runs = static_cast<int64_t>(runs.size()),
          .k = k.data(),
          .v = v.data(),
          .decay = o.decay->compute.data(),
          .first = o.first->compute.data()};
}

void wkv_backward(Context& context, Tape& tape, Record& record) {
  const auto& o = record.get<WkvOptions>();
  Tensor dy = tape.take_grad(record.outputs[0]);
  const Tensor &k = record.saved[0].value, &v = record.saved[1].value;
  Tensor dk = rows_of_runs(context, k, k.shape().columns(), o.runs);
  Tensor dv = rows_of_runs(context, v, v.shape().columns(), o.runs);
  kernels::WkvArgs forward = wkv_args(o, k, v);
  Tensor scratch = context.scratch(kernels::wkv_backward_scratch(forward));
  context.run("wkv backward", 0, &kernels::Backend::wkv_backward,
              {.forward = forward,
               .dy = dy.data(),
               .dk = dk.data(),
               .dv = dv.data(),
               .ddecay = o.decay->accumulated_grad(),
               .dfirst = o.first->accumulated_grad(),
               .scratch = scratch.data()});
  dy = Tensor();
  tape.give_grad(context, record.inputs[0], std::move(dk));
  tape.give_grad(context, record.inputs[1], std::move(dv));
}

}  // namespace

extern const Op wkv_op{"wkv", wkv_backward};

Var wkv(Context& context, Var k, Var v, const WkvOptions& options) {
  Tensor y = rows_of_runs(context, k.value, k.value.shape().columns(), options.runs);
  kernels::WkvArgs args = wkv_args(options, k.value, v.value);
  args.y = y.data();
  context.run("wkv", 0, &kernels::Backend::wkv, args);
  if (!context.tape) return {std::move(y), -1};
  Record& record = context.tape->push(
      wkv_op, {.inputs = {k.id, v.id}, .saved = {{k.value}, {v.value}}, .parameters = {options.decay, options.first}},
      options);
  return context.tape->output(record, 0, std::move(y));
}

}  // namespace malmoi::autograd
