// The norm beside a gate; the gate is some columns of its input's rows.
#include "autograd/columns.h"
#include "autograd/ops.h"

namespace malmoi::autograd {
namespace {

struct GatedNormAttributes {
  GatedNormOptions options;
  int64_t first;  // column of z
};

kernels::GatedNormArgs gated_norm_args(const GatedNormAttributes& a, const Tensor& x, const Tensor& z,
                                       const Parameter* weight) {
  int64_t cols = x.shape().columns();
  return {.dtype = x.dtype(),
          .rows = x.shape().rows(),
          .cols = cols,
          .groups = a.options.groups,
          .x_stride = cols,
          .z_stride = z.shape().columns(),
          .y_stride = cols,
          .x = x.data(),
          .z = first_column(z, a.first),
          .weight = weight ? weight->compute.data() : nullptr,
          .shared_weight = weight && weight->shape.elements() < cols,
          .norm_first = a.options.norm_first,
          .eps = a.options.eps};
}

// saved: x, z, 1 / root of the mean of squares.
void gated_norm_backward(Context& context, Tape& tape, Record& record) {
  const auto& a = record.get<GatedNormAttributes>();
  Tensor dy = tape.take_grad(record.outputs[0]);
  const Tensor &x = record.saved[0].value, &z = record.saved[1].value;
  Parameter* weight = record.parameters[0];
  Tensor dx = dy.unique() ? dy : context.temporary(dy.dtype(), dy.shape());
  Tensor dz = gradient_to_add_to(context, tape, record.inputs[1], z);
  Tensor scratch = context.scratch(kernels::gated_norm_backward_scratch(x.shape().columns()));
  kernels::GatedNormArgs forward = gated_norm_args(a, x, z, weight);
  forward.rstd = record.saved[2].value.data();
  context.run("gated norm backward", 0, &kernels::Backend::gated_norm_backward,
              {.forward = forward,
               .dy = dy.data(),
               .dx_stride = forward.x_stride,
               .dz_stride = forward.z_stride,
               .dx = dx.data(),
               .dz = first_column(dz, a.first),
               .accumulate_dz = true,
               .dweight = weight ? weight->accumulated_grad() : nullptr,
               .scratch = scratch.data()});
  dy = Tensor();
  tape.give_grad(context, record.inputs[0], std::move(dx));
}

}  // namespace

extern const Op gated_norm_op{"gated_norm", gated_norm_backward};

Var gated_norm(Context& context, Var x, Columns z, Parameter* weight, const GatedNormOptions& options) {
  GatedNormAttributes a{options, z.first};
  kernels::GatedNormArgs args = gated_norm_args(a, x.value, z.rows.value, weight);
  // Without a tape nobody looks at x again, and the norm may take its place.
  Tensor y = context.tape ? context.temporary(x.value.dtype(), x.value.shape()) : x.value, rstd;
  if (context.tape) rstd = context.temporary(context.statistics_type(), {args.rows, options.groups});
  args.y = y.data();
  args.rstd = rstd.data();
  context.run("gated norm", 0, &kernels::Backend::gated_norm, args);
  if (!context.tape) return {std::move(y), -1};
  Record& record = context.tape->push(
      gated_norm_op,
      {.inputs = {x.id, z.rows.id}, .saved = {{x.value}, {z.rows.value}, {rstd}}, .parameters = {weight}}, a);
  return context.tape->output(record, 0, std::move(y));
}

}  // namespace malmoi::autograd
