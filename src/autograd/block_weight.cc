#include "autograd/block_weight.h"

#include "kernels/panels.h"

namespace malmoi::autograd {

BlockWeight::BlockWeight(std::vector<kernels::BlockMatrix> parts) : parts_(std::move(parts)) {
  for (const kernels::BlockMatrix& part : parts_) rows_ += part.rows;
}

void BlockWeight::product(Context& context, const Tensor& x, Tensor& y, const Parameter* bias) const {
  const int64_t m = x.shape().rows(), n = out_features(), k = in_features();
  const double flops = 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
  const auto* bias_values = bias ? static_cast<const float*>(bias->compute.data()) : nullptr;
  if (context.tape) {
    Tensor w = rows(context);
    context.run("product forward", flops, &kernels::Backend::gemm,
                {.m = m,
                 .n = n,
                 .k = k,
                 .a = x.data(),
                 .a_type = x.dtype(),
                 .lda = k,
                 .b = w.data(),
                 .b_type = w.dtype(),
                 .ldb = k,
                 .transpose_b = true,
                 .c = y.data(),
                 .c_type = y.dtype(),
                 .ldc = n,
                 .bias = bias_values});
    return;
  }
  Tensor scratch = context.scratch(kernels::block_product_scratch(m, k));
  context.run("product (packed)", flops, &kernels::Backend::block_product,
              {.dtype = x.dtype(),
               .m = m,
               .n = n,
               .k = k,
               .x = x.data(),
               .parts = parts_.data(),
               .num_parts = static_cast<int>(parts_.size()),
               .bias = bias_values,
               .y = y.data(),
               .y_dtype = y.dtype(),
               .scratch = scratch.data()});
}

void BlockWeight::product_transposed(Context& context, const Tensor& dy, Tensor& dx, bool accumulate) const {
  const int64_t m = dy.shape().rows(), n = out_features(), k = in_features();
  Tensor w = rows(context);
  context.run("product dX", 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k),
              &kernels::Backend::gemm,
              {.m = m,
               .n = k,
               .k = n,
               .a = dy.data(),
               .a_type = dy.dtype(),
               .lda = n,
               .b = w.data(),
               .b_type = w.dtype(),
               .ldb = k,
               .c = dx.data(),
               .c_type = dx.dtype(),
               .ldc = k,
               .accumulate = accumulate});
}

void BlockWeight::gather(Context& context, const RowIds& ids, Tensor& y) const {
  std::vector<int32_t> shifted;
  if (ids.first_row != 0) {
    shifted.assign(ids.ids, ids.ids + ids.rows);
    for (int32_t& id : shifted) id += static_cast<int32_t>(ids.first_row);
  }
  context.run("gather rows (packed)", 0, &kernels::Backend::block_rows,
              {.dtype = y.dtype(),
               .rows = ids.rows,
               .columns = in_features(),
               .ids = shifted.empty() ? ids.ids : shifted.data(),
               .parts = parts_.data(),
               .num_parts = static_cast<int>(parts_.size()),
               .y = y.data()});
}

size_t BlockWeight::bytes() const {
  size_t bytes = 0;
  for (const kernels::BlockMatrix& part : parts_)
    bytes += kernels::block_matrix_bytes(part.type, part.rows, part.columns);
  return bytes;
}

}  // namespace malmoi::autograd
