// A weight with adapters around it: low-rank matrices that are added to some of its rows (LoRA, DoRA).
#pragma once

#include <memory>
#include <vector>

#include "autograd/weight.h"

namespace malmoi::autograd {

/// What an adapter adds to the rows [row_begin, row_begin + rows) of a matrix: their product becomes
///   y = W x + scale B (A x)                  (Hu et al. 2021; scale is alpha / rank, or alpha / sqrt(rank): rsLoRA)
///   y = (m / norm) (W x + scale B (A x))     (DoRA, Liu et al. 2024: norm of each row of W + scale B A, a constant to the
///                                             gradient)
/// and the bias behind it stays as it is.
struct LowRank {
  int64_t row_begin = 0;
  Parameter* a = nullptr;          // [rank, in]
  Parameter* b = nullptr;          // [rows, rank]
  Parameter* magnitude = nullptr;  // m [rows]; null: LoRA
  double scale = 1;

  int64_t rows() const { return b->shape[0]; }
  int64_t rank() const { return b->shape[1]; }
};

/// A base of any kind, frozen or not, and what each of several adapters adds to it. Which one a row goes through stands in
/// Context::row_adapters; where that is empty all rows go through the first. Rows of one adapter are multiplied together; a
/// row's bits do not depend on the others where the base's do not. With a tape all rows must go through one adapter.
/// Parameters are of the type of the base's products or f32, and outlive the weight. One compute thread at a time.
class AdaptedWeight final : public Weight {
 public:
  using Parts = std::vector<LowRank>;  // of one adapter; empty: it leaves this weight alone
  explicit AdaptedWeight(std::shared_ptr<const Weight> base, std::vector<Parts> adapters = {});

  int64_t out_features() const override { return base_->out_features(); }
  int64_t in_features() const override { return base_->in_features(); }
  void product(Context& context, const Tensor& x, Tensor& y, const Parameter* bias) const override;
  void product_transposed(Context& context, const Tensor& dy, Tensor& dx, bool accumulate) const override;
  void accumulate_gradient(Context& context, const Tensor& dy, const Tensor& x) const override;
  Tensor stored_rows() const override { return is_adapted() ? Tensor() : base_->stored_rows(); }
  void gather(Context& context, const RowIds& ids, Tensor& y) const override;
  void accumulate_rows(Context& context, const RowIds& ids, const Tensor& dy, float scale,
                       const kernels::Dropout& dropout) const override;
  size_t bytes() const override;
  /// What the adapters stand around.
  const Weight& base() const { return *base_; }
  std::span<Parameter* const> parameters() const override { return parameters_; }

 private:
  bool is_adapted() const;  // by any of the adapters
  const Parts& parts_of(int32_t adapter) const;
  const Parts& parts_of_all(const Context& context) const;
  Tensor low_rank(Context& context, const LowRank& part, const Tensor& x) const;
  Tensor norms(Context& context, const LowRank& part) const;
  Tensor measure(Context& context, const LowRank& part) const;
  Tensor factored(Context& context, const Parts& parts, const Tensor& dy) const;
  void accumulate_magnitude(Context& context, const LowRank& part, const Tensor& dy, const Tensor& x,
                            const Tensor& of_base) const;

  std::shared_ptr<const Weight> base_;
  std::vector<Parts> adapters_;
  std::vector<Parameter*> parameters_;
  mutable std::vector<std::pair<const Parameter*, Tensor>> norms_;  // by B, of those that nothing trains
};

/// A weight without the adapters around it, or in its place (replaced_weight.h).
const Weight& without_adapters(const Weight& weight);

}  // namespace malmoi::autograd
