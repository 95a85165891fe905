// A weight that shows what is multiplied with it: what quantisation and pruning ask of a calibration text.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "autograd/weight.h"

namespace malmoi::autograd {

/// Sums over rows x that went through a product: of each column x_c^2, and how many rows.
struct ColumnSquares {
  std::vector<double> sums;
  int64_t rows = 0;
};

/// Is shown the rows x of a product before it runs, on the thread of the pass.
using Observer = std::function<void(const Tensor& x)>;
/// One that adds up squares; `seen` outlives it.
Observer add_squares_to(ColumnSquares& seen);

/// Does what `base` does, and shows its rows to an observer.
class ObservedWeight final : public Weight {
 public:
  ObservedWeight(std::unique_ptr<Weight> base, Observer observer)
      : base_(std::move(base)), observer_(std::move(observer)) {}
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
  Observer observer_;
};

}  // namespace malmoi::autograd
