// A weight that keeps how large what is multiplied with it is: what quantisation asks of a calibration text.
#pragma once

#include <memory>
#include <vector>

#include "autograd/weight.h"

namespace malmoi::autograd {

/// Sums over rows x that went through a product: of each column x_c^2, and how many rows.
struct ColumnSquares {
  std::vector<double> sums;
  int64_t rows = 0;
};

/// Does what `base` does, and adds to `seen`, which outlives it.
class ObservedWeight final : public Weight {
 public:
  ObservedWeight(std::unique_ptr<Weight> base, ColumnSquares& seen) : base_(std::move(base)), seen_(&seen) {}
  int64_t out_features() const override { return base_->out_features(); }
  int64_t in_features() const override { return base_->in_features(); }
  void product(Context& context, const Tensor& x, Tensor& y, const Parameter* bias) const override;
  void product_transposed(Context& context, const Tensor& dy, Tensor& dx, bool accumulate) const override {
    base_->product_transposed(context, dy, dx, accumulate);
  }
  void accumulate_gradient(Context& context, const Tensor& dy, const Tensor& x) const override {
    base_->accumulate_gradient(context, dy, x);
  }
  Tensor stored_rows() const override { return base_->stored_rows(); }
  void gather(Context& context, const RowIds& ids, Tensor& y) const override { base_->gather(context, ids, y); }
  void accumulate_rows(Context& context, const RowIds& ids, const Tensor& dy, float scale,
                       const kernels::Dropout& dropout) const override {
    base_->accumulate_rows(context, ids, dy, scale, dropout);
  }
  size_t bytes() const override { return base_->bytes(); }
  std::span<Parameter* const> parameters() const override { return base_->parameters(); }

 private:
  std::unique_ptr<Weight> base_;
  ColumnSquares* seen_;
};

}  // namespace malmoi::autograd
