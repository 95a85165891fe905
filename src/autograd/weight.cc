#include "autograd/weight.h"

#include "autograd/dense_product.h"

#include <numeric>
#include <vector>

#include <algorithm>

namespace malmoi::autograd {

Tensor Weight::rows(Context& context) const {
  // A rehearsal's parameters have shapes and no memory.
  if (Tensor stored = stored_rows(); stored.shape().rank() == 2) return stored;
  static thread_local std::vector<int32_t> every_row;
  every_row.resize(static_cast<size_t>(out_features()));
  std::iota(every_row.begin(), every_row.end(), 0);
  Tensor made = context.temporary(context.dtype, {out_features(), in_features()});
  gather(context, {.ids = every_row.data(), .rows = out_features()}, made);
  return made;
}

bool Weight::wants_gradient() const {
  std::span<Parameter* const> all = parameters();
  return std::any_of(all.begin(), all.end(), [](const Parameter* p) { return p->wants_gradient(); });
}

namespace {

Tensor rows_from(const Tensor& matrix, int64_t first) {
  return first == 0 ? matrix : matrix.rows(first, matrix.shape().rows() - first);
}

}  // namespace

Tensor DenseWeight::matrix(const Tensor& whole) const {
  if (!is_stacked()) return whole;
  return whole.rows(index_, 1).reshaped({out_features(), in_features()});
}

void DenseWeight::product(Context& context, const Tensor& x, Tensor& y, const Parameter* bias) const {
  const void* bias_values = bias ? bias->compute.data() : nullptr;
  Tensor w = matrix(parameter_->compute);
  int64_t m = x.shape().rows(), n = out_features(), k = in_features();
  // Weights stored in another type than the rows are read by the kernels of serving alone.
  if (context.row_invariant || w.dtype() != x.dtype()) {
    context.run("product (serving)", product_flops(x, n), &kernels::Backend::row_product,
                {.dtype = x.dtype(),
                 .w_dtype = w.dtype(),
                 .m = m,
                 .n = n,
                 .k = k,
                 .x = x.data(),
                 .w = w.data(),
                 .bias = bias_values,
                 .y = y.data(),
                 .y_dtype = y.dtype()});
    return;
  }
  dense_product(context, x, w, y, bias);
}

void DenseWeight::product_transposed(Context& context, const Tensor& dy, Tensor& dx, bool accumulate) const {
  dense_product_transposed(context, dy, matrix(parameter_->compute), dx, accumulate);
}

void DenseWeight::accumulate_gradient(Context& context, const Tensor& dy, const Tensor& x) const {
  if (!wants_gradient()) return;
  int64_t m = dy.shape().rows(), n = out_features(), k = in_features();
  // A matrix of a stack may be the only one that this step writes: the others must be zero, so it adds to zeros, too.
  if (is_stacked()) parameter_->accumulated_grad();
  bool accumulate = parameter_->grad_ready;
  Tensor grad = matrix(parameter_->grad);
  context.run("product dW", product_flops(dy, k), &kernels::Backend::gemm,
              {.m = n,
               .n = k,
               .k = m,
               .a = dy.data(),
               .a_type = dy.dtype(),
               .lda = n,
               .transpose_a = true,
               .b = x.data(),
               .b_type = x.dtype(),
               .ldb = k,
               .c = grad.data(),
               .c_type = grad.dtype(),
               .ldc = k,
               .accumulate = accumulate});
  parameter_->grad_ready = true;
}

void DenseWeight::gather(Context& context, const RowIds& ids, Tensor& y) const {
  kernels::EmbeddingArgs args{.dtype = y.dtype(), .rows = ids.rows, .cols = in_features(), .y = y.data()};
  Tensor rows = rows_from(stored_rows(), ids.first_row);
  args.tables[args.num_tables++] = {ids.ids, rows.data(), rows.dtype()};
  context.run("gather rows", 0, &kernels::Backend::embedding, args);
}

void DenseWeight::accumulate_rows(Context& context, const RowIds& ids, const Tensor& dy, float scale,
                                  const kernels::Dropout& dropout) const {
  if (!wants_gradient()) return;
  int64_t entries = out_features() - ids.first_row;
  parameter_->accumulated_grad();
  Tensor grad = rows_from(parameter_->grad, ids.first_row);
  Tensor scratch = context.scratch(kernels::embedding_backward_scratch(ids.rows, entries));
  context.run("embedding backward", 0, &kernels::Backend::embedding_backward,
              {.dtype = dy.dtype(),
               .rows = ids.rows,
               .cols = in_features(),
               .vocab = entries,
               .ids = ids.ids,
               .padding_id = ids.padding_id,
               .dy = dy.data(),
               .scale = scale,
               .dtable = grad.data(),
               .scratch = scratch.data(),
               .dropout = dropout});
}

}  // namespace malmoi::autograd
