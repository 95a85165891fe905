#include "autograd/block_weight.h"

#include "autograd/dense_product.h"
#include "kernels/panels.h"

namespace malmoi::autograd {

BlockWeight::BlockWeight(std::vector<kernels::BlockMatrix> parts) : parts_(std::move(parts)) {
  for (const kernels::BlockMatrix& part : parts_) rows_ += part.rows;
}

void BlockWeight::product(Context& context, const Tensor& x, Tensor& y, const Parameter* bias) const {
  if (context.tape || context.whole_rows) {  // gradients are those of rows that were not rounded
    dense_product(context, x, rows(context), y, bias);
    return;
  }
  const int64_t m = x.shape().rows(), n = out_features(), k = in_features();
  Tensor scratch = context.scratch(kernels::block_product_scratch(m, k));
  context.run("product (packed)", product_flops(x, n), &kernels::Backend::block_product,
              {.dtype = x.dtype(),
               .m = m,
               .n = n,
               .k = k,
               .x = x.data(),
               .parts = parts_.data(),
               .num_parts = static_cast<int>(parts_.size()),
               .bias = bias ? static_cast<const float*>(bias->compute.data()) : nullptr,
               .y = y.data(),
               .y_dtype = y.dtype(),
               .scratch = scratch.data()});
}

void BlockWeight::product_transposed(Context& context, const Tensor& dy, Tensor& dx, bool accumulate) const {
  dense_product_transposed(context, dy, rows(context), dx, accumulate);
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
