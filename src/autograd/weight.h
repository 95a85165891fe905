// Parameters, and weights as kinds: what a product, its transpose and its gradient need, whatever the storage.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "autograd/context.h"

namespace malmoi::autograd {

/// One trainable array. In training `master` is f32 and `compute` what products read (the master itself, or its bf16
/// copy, written by the optimiser); in serving there is `compute` alone.
struct Parameter {
  std::string name;
  Shape shape;
  Tensor master;
  Tensor compute;
  Tensor grad;              // f32 (f64 under the oracle), in training; meaningful where grad_ready
  bool grad_ready = false;  // the first writer of a step overwrites, later ones add
  bool trainable = true;
  bool decay = false;  // weight decay applies

  bool wants_gradient() const { return trainable && static_cast<bool>(grad); }
  /// For kernels that add: the gradient's place, zeroed first if this step has not written it. Null if none is wanted.
  void* accumulated_grad();
};

/// A matrix W [out_features, in_features] of some kind. Products take and give rows.
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
  virtual bool wants_gradient() const = 0;
};

/// A weight stored whole, f32 or bf16.
class DenseWeight final : public Weight {
 public:
  explicit DenseWeight(Parameter& parameter) : parameter_(&parameter) {}
  int64_t out_features() const override { return parameter_->shape[0]; }
  int64_t in_features() const override { return parameter_->shape[1]; }
  void product(Context& context, const Tensor& x, Tensor& y, const Parameter* bias) const override;
  void product_transposed(Context& context, const Tensor& dy, Tensor& dx, bool accumulate) const override;
  void accumulate_gradient(Context& context, const Tensor& dy, const Tensor& x) const override;
  bool wants_gradient() const override { return parameter_->wants_gradient(); }
  Parameter& parameter() const { return *parameter_; }

 private:
  Parameter* parameter_;
};

}  // namespace malmoi::autograd
