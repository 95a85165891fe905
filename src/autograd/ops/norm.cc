// The residual sum and its norm in one pass.
#include <cstring>

#include "autograd/ops.h"

namespace malmoi::autograd {
namespace {

struct NormAttributes {
  NormOptions options;
  kernels::Dropout dropout;
  bool has_delta;
};

// saved: sum, mean (empty for RMS), 1 / std. outputs: normed, sum.
Tensor norm_recompute(Context& context, Tape&, Record& record) {
  const auto& a = record.get<NormAttributes>();
  const Tensor& sum = record.saved[0].value;
  Tensor y = context.temporary(sum.dtype(), sum.shape());
  Parameter *weight = record.parameters[0], *bias = record.parameters[1];
  context.run("norm again", 0, &kernels::Backend::norm,
              {.dtype = sum.dtype(),
               .layer = a.options.layer,
               .rows = sum.shape().rows(),
               .cols = sum.shape().columns(),
               .x = sum.data(),
               .y = y.data(),
               .weight = weight ? weight->compute.data() : nullptr,
               .bias = bias ? bias->compute.data() : nullptr,
               .weight_offset = a.options.weight_offset,
               .eps = a.options.eps});
  return y;
}

void norm_backward(Context& context, Tape& tape, Record& record) {
  const auto& a = record.get<NormAttributes>();
  Tensor dy = tape.take_grad(record.outputs[0]), dsum = tape.take_grad(record.outputs[1]);
  bool plain = a.dropout.p <= 0 && a.options.delta_scale == 1;
  if (!dy && (plain || !a.has_delta)) {  // the normed value was not used: only the residual passes on
    tape.give_grad(context, record.inputs[0], dsum);
    if (a.has_delta) tape.give_grad(context, record.inputs[1], dsum);
    return;
  }
  if (!dy) {
    dy = context.temporary(dsum.dtype(), dsum.shape());
    context.step("clear gradient", 0, [&] { std::memset(dy.data(), 0, dy.bytes()); });
  }
  const Tensor& sum = record.saved[0].value;
  int64_t rows = sum.shape().rows(), cols = sum.shape().columns();
  Tensor dx = dsum && dsum.unique() ? dsum : context.temporary(sum.dtype(), sum.shape());
  Tensor ddelta = a.has_delta && !plain ? context.temporary(sum.dtype(), sum.shape()) : Tensor();
  Tensor scratch = context.scratch(kernels::norm_backward_scratch(rows, cols, sum.dtype()));
  Parameter *weight = record.parameters[0], *bias = record.parameters[1];
  context.run("norm backward", 0, &kernels::Backend::norm_backward,
              {.dtype = sum.dtype(),
               .layer = a.options.layer,
               .rows = rows,
               .cols = cols,
               .sum = sum.data(),
               .dy = dy.data(),
               .dsum = dsum.data(),
               .weight = weight ? weight->compute.data() : nullptr,
               .weight_offset = a.options.weight_offset,
               .mean = record.saved[1].value.data(),
               .rstd = record.saved[2].value.data(),
               .dx = dx.data(),
               .ddelta = ddelta.data(),
               .dweight = weight ? weight->accumulated_grad() : nullptr,
               .dbias = bias ? bias->accumulated_grad() : nullptr,
               .scratch = scratch.data(),
               .delta_scale = a.options.delta_scale,
               .dropout = a.dropout});
  dsum = Tensor();
  if (a.has_delta) tape.give_grad(context, record.inputs[1], ddelta ? std::move(ddelta) : dx);
  tape.give_grad(context, record.inputs[0], std::move(dx));
}

}  // namespace

extern const Op norm_op{"norm", norm_backward, norm_recompute};

Normed residual_norm(Context& context, Var x, Var delta, Parameter* weight, Parameter* bias,
                     const NormOptions& options) {
  int64_t rows = x.value.shape().rows(), cols = x.value.shape().columns();
  bool has_delta = static_cast<bool>(delta);
  NormAttributes a{options, has_delta ? context.next_dropout(options.dropout) : kernels::Dropout{}, has_delta};
  // Without a tape nobody looks at x again, and the sum may take its place.
  Tensor sum = !has_delta || !context.tape ? x.value : context.temporary(context.dtype, {rows, cols});
  Tensor y = context.temporary(context.dtype, {rows, cols});
  Tensor mean, rstd;
  if (context.tape) {
    rstd = context.temporary(context.statistics_type(), {rows});
    if (options.layer) mean = context.temporary(context.statistics_type(), {rows});
  }
  context.run("norm", 0, &kernels::Backend::norm,
              {.dtype = context.dtype,
               .layer = options.layer,
               .rows = rows,
               .cols = cols,
               .x = x.value.data(),
               .delta = has_delta ? delta.value.data() : nullptr,
               .sum = sum.data(),
               .y = y.data(),
               .weight = weight ? weight->compute.data() : nullptr,
               .bias = bias ? bias->compute.data() : nullptr,
               .weight_offset = options.weight_offset,
               .eps = options.eps,
               .mean = mean.data(),
               .rstd = rstd.data(),
               .delta_scale = options.delta_scale,
               .dropout = a.dropout});
  if (!context.tape) return {{std::move(sum), -1}, {std::move(y), -1}};
  Record& record = context.tape->push(
      norm_op,
      {.inputs = {x.id, delta.id}, .outputs = 2, .saved = {{sum}, {mean}, {rstd}}, .parameters = {weight, bias}}, a);
  Var normed = context.tape->output(record, 0, std::move(y));
  return {context.tape->output(record, 1, std::move(sum)), std::move(normed)};
}

}  // namespace malmoi::autograd
