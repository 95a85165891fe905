// Rows mixed with the rows before them, in several shares at once.
#include <algorithm>
#include <cassert>

#include "autograd/columns.h"
#include "autograd/ops.h"

namespace malmoi::autograd {
namespace {

kernels::TokenShiftArgs token_shift_args(const TokenShiftOptions& options, const Tensor& x,
                                         std::span<Parameter* const> shares) {
  std::span<const kernels::StateRun> runs = state_runs(options.runs, options.states);
  kernels::TokenShiftArgs args{.dtype = x.dtype(),
                               .count = static_cast<int>(shares.size()),
                               .channels = x.shape().columns(),
                               .runs = runs.data(),
                               .num_runs = static_cast<int64_t>(runs.size()),
                               .x = x.data()};
  for (size_t i = 0; i < shares.size(); ++i) args.mix[i] = shares[i]->compute.data();
  return args;
}

void token_shift_backward(Context& context, Tape& tape, Record& record) {
  const auto& options = record.get<TokenShiftOptions>();
  const Tensor& x = record.saved[0].value;
  Tensor dx = rows_of_runs(context, x, x.shape().columns(), options.runs);
  std::array<Tensor, kernels::kMaxShifts> dys;  // empty where nothing has used an output
  kernels::TokenShiftBackwardArgs args{.forward = token_shift_args(options, x, record.parameters), .dx = dx.data()};
  for (size_t i = 0; i < record.outputs.size(); ++i) {
    dys[i] = tape.take_grad(record.outputs[i]);
    args.dy[i] = dys[i].data();
    args.dmix[i] = record.parameters[i]->accumulated_grad();
  }
  context.run("token shift backward", 0, &kernels::Backend::token_shift_backward, args);
  dys = {};
  tape.give_grad(context, record.inputs[0], std::move(dx));
}

}  // namespace

extern const Op token_shift_op{"token_shift", token_shift_backward};

std::array<Var, kernels::kMaxShifts> token_shift(Context& context, Var x, std::initializer_list<Parameter*> shares,
                                                 const TokenShiftOptions& options) {
  assert(shares.size() <= kernels::kMaxShifts);
  kernels::TokenShiftArgs args = token_shift_args(options, x.value, {shares.begin(), shares.size()});
  std::array<Var, kernels::kMaxShifts> out;
  for (size_t i = 0; i < shares.size(); ++i) {
    out[i].value = rows_of_runs(context, x.value, args.channels, options.runs);
    args.y[i] = out[i].value.data();
  }
  context.run("token shift", 0, &kernels::Backend::token_shift, args);
  if (!context.tape) return out;
  Record& record = context.tape->push(
      token_shift_op,
      {.inputs = {x.id}, .outputs = static_cast<int>(shares.size()), .saved = {{x.value}}, .parameters = shares},
      options);
  for (size_t i = 0; i < shares.size(); ++i)
    out[i] = context.tape->output(record, static_cast<int>(i), std::move(out[i].value));
  return out;
}

}  // namespace malmoi::autograd
