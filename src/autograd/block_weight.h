// A weight packed in blocks, as GGUF files hold it: served as it is, unpacked where a gradient must pass through it.
#pragma once

#include <vector>

#include "autograd/weight.h"

namespace malmoi::autograd {

/// Its rows are those of its parts, one after another: a fused matrix may be of several types. Nothing of it is trained.
class BlockWeight final : public Weight {
 public:
  /// What the parts lie in is somebody else's to keep.
  explicit BlockWeight(std::vector<kernels::BlockMatrix> parts);
  int64_t out_features() const override { return rows_; }
  int64_t in_features() const override { return parts_.front().columns; }
  /// With a tape, or Context::whole_rows, the rows are multiplied as they are; else see kernels::BlockProductArgs.
  void product(Context& context, const Tensor& x, Tensor& y, const Parameter* bias) const override;
  void product_transposed(Context& context, const Tensor& dy, Tensor& dx, bool accumulate) const override;
  void accumulate_gradient(Context&, const Tensor&, const Tensor&) const override {}
  void gather(Context& context, const RowIds& ids, Tensor& y) const override;
  void accumulate_rows(Context&, const RowIds&, const Tensor&, float, const kernels::Dropout&) const override {}
  size_t bytes() const override;
  std::span<Parameter* const> parameters() const override { return {}; }

 private:
  std::vector<kernels::BlockMatrix> parts_;
  int64_t rows_ = 0;
};

}  // namespace malmoi::autograd
