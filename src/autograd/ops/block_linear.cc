// A linear layer whose matrix has blocks on its diagonal and nothing beside them: one product a block, on columns of rows.
#include "autograd/bias.h"
#include "autograd/columns.h"
#include "autograd/ops.h"

namespace malmoi::autograd {
namespace {

struct BlockLinearAttributes {};

/// The sizes of a block, and how often it stands there.
struct Blocks {
  int64_t count, out, in;
  explicit Blocks(const Parameter& p) : count(p.shape[0]), out(p.shape[1]), in(p.shape[2]) {}
};

const void* block_of(const Tensor& stack, int64_t index, const Blocks& b) {
  return first_column(stack, index * b.out * b.in);
}

double flops(const Tensor& x, const Blocks& b) {
  return 2.0 * static_cast<double>(x.elements()) * static_cast<double>(b.out);
}

/// Rows of a block's own, as the kernel of serving reads them.
Tensor columns_of(Context& context, const Tensor& x, int64_t first, int64_t width) {
  Tensor own = context.temporary(x.dtype(), {x.shape().rows(), width});
  context.run("columns of a block", 0, &kernels::Backend::copy_columns,
              {.dtype = x.dtype(),
               .rows = x.shape().rows(),
               .cols = width,
               .x_stride = x.shape().columns(),
               .y_stride = width,
               .x = first_column(x, first),
               .y = own.data()});
  return own;
}

void serve_block(Context& context, const Tensor& x, const Parameter& blocks, const Parameter* bias, int64_t index,
                 Tensor& y) {
  Blocks b(blocks);
  int64_t rows = x.shape().rows();
  Tensor from = columns_of(context, x, index * b.in, b.in), to = context.temporary(y.dtype(), {rows, b.out});
  context.run("block product (serving)", flops(from, b), &kernels::Backend::row_product,
              {.dtype = x.dtype(),
               .w_dtype = blocks.compute.dtype(),
               .m = rows,
               .n = b.out,
               .k = b.in,
               .x = from.data(),
               .w = block_of(blocks.compute, index, b),
               .bias = bias ? first_column(bias->compute, index * b.out) : nullptr,
               .y = to.data(),
               .y_dtype = y.dtype()});
  context.run("columns of a block", 0, &kernels::Backend::copy_columns,
              {.dtype = y.dtype(),
               .rows = rows,
               .cols = b.out,
               .x_stride = b.out,
               .y_stride = b.count * b.out,
               .x = to.data(),
               .y = first_column(y, index * b.out)});
}

void product(Context& context, const Tensor& x, const Parameter& blocks, const Parameter* bias, Tensor& y) {
  Blocks b(blocks);
  bool serves = context.row_invariant || blocks.compute.dtype() != x.dtype();
  for (int64_t i = 0; i < b.count; ++i) {
    if (serves) {
      serve_block(context, x, blocks, bias, i, y);
      continue;
    }
    const void* own_bias = bias ? first_column(bias->compute, i * b.out) : nullptr;
    context.run("block product", flops(x, b) / static_cast<double>(b.count), &kernels::Backend::gemm,
                {.m = x.shape().rows(),
                 .n = b.out,
                 .k = b.in,
                 .a = first_column(x, i * b.in),
                 .a_type = x.dtype(),
                 .lda = b.count * b.in,
                 .b = block_of(blocks.compute, i, b),
                 .b_type = blocks.compute.dtype(),
                 .ldb = b.in,
                 .transpose_b = true,
                 .c = first_column(y, i * b.out),
                 .c_type = y.dtype(),
                 .ldc = b.count * b.out,
                 .bias = static_cast<const float*>(own_bias)});
  }
}

void product_transposed(Context& context, const Tensor& dy, const Parameter& blocks, Tensor& dx, bool accumulate) {
  Blocks b(blocks);
  for (int64_t i = 0; i < b.count; ++i) {
    context.run("block product dX", flops(dx, b) / static_cast<double>(b.count), &kernels::Backend::gemm,
                {.m = dy.shape().rows(),
                 .n = b.in,
                 .k = b.out,
                 .a = first_column(dy, i * b.out),
                 .a_type = dy.dtype(),
                 .lda = b.count * b.out,
                 .b = block_of(blocks.compute, i, b),
                 .b_type = blocks.compute.dtype(),
                 .ldb = b.in,
                 .c = first_column(dx, i * b.in),
                 .c_type = dx.dtype(),
                 .ldc = b.count * b.in,
                 .accumulate = accumulate});
  }
}

void accumulate_blocks(Context& context, const Tensor& dy, const Tensor& x, Parameter& blocks) {
  if (!blocks.wants_gradient()) return;
  Blocks b(blocks);
  for (int64_t i = 0; i < b.count; ++i) {
    context.run("block product dW", flops(x, b) / static_cast<double>(b.count), &kernels::Backend::gemm,
                {.m = b.out,
                 .n = b.in,
                 .k = dy.shape().rows(),
                 .a = first_column(dy, i * b.out),
                 .a_type = dy.dtype(),
                 .lda = b.count * b.out,
                 .transpose_a = true,
                 .b = first_column(x, i * b.in),
                 .b_type = x.dtype(),
                 .ldb = b.count * b.in,
                 .c = first_column(blocks.grad, i * b.out * b.in),
                 .c_type = blocks.grad.dtype(),
                 .ldc = b.in,
                 .accumulate = blocks.grad_ready});
  }
  blocks.grad_ready = true;
}

void block_linear_backward(Context& context, Tape& tape, Record& record) {
  Tensor dy = tape.take_grad(record.outputs[0]), x = tape.load(context, record.saved[0]);
  Parameter& blocks = *record.parameters[0];
  accumulate_bias(context, record.parameters[1], dy);
  accumulate_blocks(context, dy, x, blocks);
  if (record.inputs[0] < 0) return;
  if (Tensor dx = tape.addable_grad(record.inputs[0])) {
    product_transposed(context, dy, blocks, dx, true);
    return;
  }
  Tensor dx = context.temporary(x.dtype(), x.shape());
  product_transposed(context, dy, blocks, dx, false);
  tape.give_grad(context, record.inputs[0], std::move(dx));
}

}  // namespace

extern const Op block_linear_op{"block_linear", block_linear_backward};

Var block_linear(Context& context, Var x, Parameter& blocks, Parameter* bias) {
  Tensor y = context.temporary(context.dtype, {x.value.shape().rows(), blocks.shape[0] * blocks.shape[1]});
  product(context, x.value, blocks, bias, y);
  if (!context.tape) return {std::move(y), -1};
  Record& record = context.tape->push(
      block_linear_op, {.inputs = {x.id}, .saved = {context.tape->save(context, x)}, .parameters = {&blocks, bias}},
      BlockLinearAttributes{});
  return context.tape->output(record, 0, std::move(y));
}

}  // namespace malmoi::autograd
