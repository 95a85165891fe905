// A weight in whose place each of several adapters has a matrix of its own, trained whole (PEFT's modules_to_save).
#pragma once

#include <memory>
#include <vector>

#include "autograd/weight.h"

namespace malmoi::autograd {

/// What adapter i reads stands in `whole`; where that is null, and for other numbers, it is the base. Which adapter the rows go through
/// stands in Context::row_adapters, all through the same one; where that is empty, through the first. Parameters outlive the weight. One
/// compute thread at a time.
class ReplacedWeight final : public Weight {
 public:
  ReplacedWeight(std::shared_ptr<const Weight> base, const std::vector<Parameter*>& whole);

  int64_t out_features() const override { return base_->out_features(); }
  int64_t in_features() const override { return base_->in_features(); }
  void product(Context& context, const Tensor& x, Tensor& y, const Parameter* bias) const override;
  void product_transposed(Context& context, const Tensor& dy, Tensor& dx, bool accumulate) const override;
  void accumulate_gradient(Context& context, const Tensor& dy, const Tensor& x) const override;
  void gather(Context& context, const RowIds& ids, Tensor& y) const override;
  void accumulate_rows(Context& context, const RowIds& ids, const Tensor& dy, float scale,
                       const kernels::Dropout& dropout) const override;
  size_t bytes() const override;
  /// What the adapters stand in the place of.
  const Weight& base() const { return *base_; }
  std::span<Parameter* const> parameters() const override { return parameters_; }

 private:
  const Weight& chosen(const Context& context) const;

  std::shared_ptr<const Weight> base_;
  std::vector<std::unique_ptr<DenseWeight>> whole_;  // by adapter
  std::vector<Parameter*> parameters_;
};

}  // namespace malmoi::autograd
