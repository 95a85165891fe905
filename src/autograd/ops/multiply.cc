// A product by elements, of which one side may pass an activation: a gate that lies elsewhere than what it gates.
#include "autograd/columns.h"
#include "autograd/ops.h"

namespace malmoi::autograd {
namespace {

struct MultiplyAttributes {
  kernels::Activation kind;
  int64_t x_first, z_first, width;
  bool one_gate;
};

kernels::MultiplyArgs multiply_args(const MultiplyAttributes& a, const Tensor& x, const Tensor& z) {
  return {.dtype = x.dtype(),
          .kind = a.kind,
          .rows = x.shape().rows(),
          .cols = a.width,
          .one_gate = a.one_gate,
          .x_stride = x.shape().columns(),
          .z_stride = z.shape().columns(),
          .y_stride = a.width,
          .x = first_column(x, a.x_first),
          .z = first_column(z, a.z_first)};
}

// saved and inputs: x, z; where they are columns of one tensor, they share its gradient.
void multiply_backward(Context& context, Tape& tape, Record& record) {
  const auto& a = record.get<MultiplyAttributes>();
  Tensor dy = tape.take_grad(record.outputs[0]);
  Tensor x = tape.load(context, record.saved[0]), z = tape.load(context, record.saved[1]);
  bool is_same = record.inputs[0] == record.inputs[1] && x.shape().columns() == z.shape().columns();
  bool is_part = is_same || a.width < x.shape().columns();
  Tensor dz = gradient_to_add_to(context, tape, record.inputs[1], z), dx;
  if (is_same) dx = dz;
  else if (is_part) dx = gradient_to_add_to(context, tape, record.inputs[0], x);
  else dx = dy.unique() ? dy : context.temporary(dy.dtype(), dy.shape());
  kernels::MultiplyArgs forward = multiply_args(a, x, z);
  context.run("multiply backward", 0, &kernels::Backend::multiply_backward,
              {.forward = forward,
               .dy = dy.data(),
               .dx_stride = forward.x_stride,
               .dz_stride = forward.z_stride,
               .dx = first_column(dx, a.x_first),
               .dz = first_column(dz, a.z_first),
               .accumulate_dx = is_part,
               .accumulate_dz = true});
  dy = Tensor();
  if (!is_part) tape.give_grad(context, record.inputs[0], std::move(dx));
}

}  // namespace

extern const Op multiply_op{"multiply", multiply_backward};

Var multiply(Context& context, Columns x, Columns z, kernels::Activation kind) {
  MultiplyAttributes a{kind, x.first, z.first, x.width, z.width < x.width};
  kernels::MultiplyArgs args = multiply_args(a, x.rows.value, z.rows.value);
  bool in_place = !context.tape && x.width == args.x_stride && x.rows.value.unique();
  Tensor y = in_place ? x.rows.value : context.temporary(x.rows.value.dtype(), {args.rows, x.width});
  args.y = y.data();
  context.run("multiply", 0, &kernels::Backend::multiply, args);
  if (!context.tape) return {std::move(y), -1};
  Record& record =
      context.tape->push(multiply_op,
                         {.inputs = {x.rows.id, z.rows.id},
                          .saved = {context.tape->save(context, x.rows), context.tape->save(context, z.rows)}},
                         a);
  return context.tape->output(record, 0, std::move(y));
}

}  // namespace malmoi::autograd
