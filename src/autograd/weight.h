// Weights as kinds: what a product, its transpose, its gradient and a look-up of rows need, whatever the storage.
#pragma once

#include <memory>
#include <span>

#include "autograd/context.h"
#include "autograd/parameter.h"

namespace malmoi::autograd {

/// Rows that are looked up: row r is that of ids[r].
struct RowIds {
  const int32_t* ids = nullptr;
  int64_t rows = 0;
  int32_t padding_id = -1;  // its row takes no gradient from look-ups
  int64_t first_row = 0;    // rows count from this one of the matrix
};

/// A matrix W [out_features, in_features] of some kind (dense, quantised, adapted ...). Products take and give rows. One
/// compute thread at a time.
class Weight {
 public:
  virtual ~Weight() = default;
  virtual int64_t out_features() const = 0;
  virtual int64_t in_features() const = 0;
  /// y[rows, out] = x[rows, in] W^T + bias.
  virtual void product(Context& context, const Tensor& x, Tensor& y, const Parameter* bias) const = 0;
  /// dx[rows, in] (+)= dy[rows, out] W.
  virtual void product_transposed(Context& context, const Tensor& dy, Tensor& dx, bool accumulate) const = 0;
  /// dW += dy^T x, and whatever parameters the kind has; nothing where all are frozen.
  virtual void accumulate_gradient(Context& context, const Tensor& dy, const Tensor& x) const = 0;

  /// The whole matrix where it lies in memory as kernels read rows; empty where rows must be made by gather().
  virtual Tensor stored_rows() const { return {}; }
  /// y[r] = row ids[r] of W.
  virtual void gather(Context& context, const RowIds& ids, Tensor& y) const = 0;
  /// dW[ids[r]] += scale * dropout(dy[r]).
  virtual void accumulate_rows(Context& context, const RowIds& ids, const Tensor& dy, float scale,
                               const kernels::Dropout& dropout) const = 0;

  /// The whole matrix as kernels read rows: where it lies, or made for this pass.
  Tensor rows(Context& context) const;

  /// Memory that its values take; none where they are made on request.
  virtual size_t bytes() const { return 0; }
  /// The parameters that it may give gradients to.
  virtual std::span<Parameter* const> parameters() const = 0;
  bool wants_gradient() const;
};

/// A weight stored whole: f32, bf16 or (serving) f16. Of a stack [experts, out, in] it is one matrix.
class DenseWeight final : public Weight {
 public:
  explicit DenseWeight(Parameter& parameter, int64_t index = 0) : parameter_(&parameter), index_(index) {}
  int64_t out_features() const override { return parameter_->shape[parameter_->shape.rank() - 2]; }
  int64_t in_features() const override { return parameter_->shape[parameter_->shape.rank() - 1]; }
  void product(Context& context, const Tensor& x, Tensor& y, const Parameter* bias) const override;
  void product_transposed(Context& context, const Tensor& dy, Tensor& dx, bool accumulate) const override;
  void accumulate_gradient(Context& context, const Tensor& dy, const Tensor& x) const override;
  Tensor stored_rows() const override { return matrix(parameter_->compute); }
  void gather(Context& context, const RowIds& ids, Tensor& y) const override;
  void accumulate_rows(Context& context, const RowIds& ids, const Tensor& dy, float scale,
                       const kernels::Dropout& dropout) const override;
  size_t bytes() const override { return matrix(parameter_->compute).bytes(); }
  std::span<Parameter* const> parameters() const override { return {&parameter_, 1}; }

 private:
  bool is_stacked() const { return parameter_->shape.rank() > 2; }
  /// This matrix of the parameter's values or gradient.
  Tensor matrix(const Tensor& whole) const;

  Parameter* parameter_;
  int64_t index_;
};

}  // namespace malmoi::autograd
