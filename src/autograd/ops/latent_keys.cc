// Keys and values of every head of latent attention, from its own part and the part that all heads share.
#include "autograd/columns.h"
#include "autograd/ops.h"

namespace malmoi::autograd {
namespace {

struct LatentKeysAttributes {
  LatentKeysOptions options;
  DType dtype;
  Shape shape;  // of the rows that hold the shared part
  int64_t first;
};

kernels::LatentKeysArgs latent_keys_args(const LatentKeysAttributes& a) {
  return {.dtype = a.dtype,
          .rows = a.shape.rows(),
          .heads = a.options.heads,
          .own_dim = a.options.own_dim,
          .shared_dim = a.options.shared_dim,
          .value_dim = a.options.value_dim,
          .shared_stride = a.shape.columns()};
}

// inputs: own, the rows of the shared part. outputs: keys, values.
void latent_keys_backward(Context& context, Tape& tape, Record& record) {
  const auto& a = record.get<LatentKeysAttributes>();
  const LatentKeysOptions& o = a.options;
  Tensor dkeys = tape.take_grad(record.outputs[0]), dvalues = tape.take_grad(record.outputs[1]);
  Tensor down = context.temporary(a.dtype, {a.shape.rows(), o.heads * (o.own_dim + o.value_dim)});
  Tensor dshared = gradient_to_add_to(context, tape, record.inputs[1], Tensor::view(nullptr, a.dtype, a.shape));
  context.run("latent keys backward", 0, &kernels::Backend::latent_keys_backward,
              {.forward = latent_keys_args(a),
               .dkeys = dkeys.data(),
               .dvalues = dvalues.data(),
               .down = down.data(),
               .dshared = first_column(dshared, a.first),
               .dshared_stride = a.shape.columns()});
  dkeys = Tensor();
  dvalues = Tensor();
  tape.give_grad(context, record.inputs[0], std::move(down));
}

}  // namespace

extern const Op latent_keys_op{"latent_keys", latent_keys_backward};

LatentKeys latent_keys(Context& context, Var own, Columns shared, const LatentKeysOptions& options) {
  const Tensor& rows = shared.rows.value;
  LatentKeysAttributes a{options, rows.dtype(), rows.shape(), shared.first};
  Tensor keys =
      context.temporary(a.dtype, {rows.shape().rows(), options.heads * (options.own_dim + options.shared_dim)});
  Tensor values = context.temporary(a.dtype, {rows.shape().rows(), options.heads * options.value_dim});
  kernels::LatentKeysArgs args = latent_keys_args(a);
  args.own = own.value.data();
  args.shared = first_column(rows, shared.first);
  args.keys = keys.data();
  args.values = values.data();
  context.run("latent keys", 0, &kernels::Backend::latent_keys, args);
  if (!context.tape) return {{std::move(keys), -1}, {std::move(values), -1}};
  Record& record = context.tape->push(latent_keys_op, {.inputs = {own.id, shared.rows.id}, .outputs = 2}, a);
  Var k = context.tape->output(record, 0, std::move(keys));
  return {std::move(k), context.tape->output(record, 1, std::move(values))};
}

}  // namespace malmoi::autograd
