// Parameters: the arrays of a model, what part they play in it, and their gradients.
#pragma once

#include <cstdint>
#include <string>

#include "tensor/tensor.h"

namespace malmoi::autograd {

/// What a parameter is to the model. It decides weight decay, the optimiser's rule, FLOPs and what may be quantised; names
/// decide nothing.
enum class Role : uint8_t {
  kMatrix,       // of a product inside the model: [out, in]
  kEmbedding,    // rows by token id, also where the output projection is tied to it
  kHead,         // the output projection, where it is its own
  kPositions,    // rows by position, token type or distance
  kVector,       // norms, biases, scalars of a head or channel
  kExperts,      // matrices of several experts: [experts, out, in]
  kConvolution,  // a short filter of each channel: [channels, width]
  kBlocks,       // the blocks on the diagonal of a matrix, one tensor: [blocks, out, in]
};

/// A product with it costs 2 FLOPs for each element and row.
constexpr bool is_product(Role role) {
  return role == Role::kMatrix || role == Role::kHead || role == Role::kExperts || role == Role::kBlocks;
}

/// One array. In training `master` is f32 and `compute` what kernels read: the master itself, or its bf16 copy, written by
/// the optimiser, or what a format of fewer bits makes of it (nn::RoundRow). In serving, and where it is frozen, there is `compute` alone.
struct Parameter {
  std::string name;
  Shape shape;
  Role role = Role::kVector;
  bool trainable = true;
  double rate = 1;  // its steps are so many times as long as the optimiser's (LoRA+)
  Tensor master;
  Tensor compute;
  Tensor grad;              // f32 (f64 under the oracle), in training; meaningful where grad_ready
  bool grad_ready = false;  // the first writer of a step overwrites, later ones add
  int32_t pending = 0;      // records on the tape that will still write the gradient

  bool wants_gradient() const { return trainable && static_cast<bool>(grad); }
  /// For kernels that add: the gradient's place, zeroed first if this step has not written it. Null if none is wanted.
  void* accumulated_grad();
};
/// What kernels read of a parameter that may be missing: null then.
inline const void* values_of(const Parameter* parameter) { return parameter ? parameter->compute.data() : nullptr; }

/// Told when the last writer of a parameter's gradient is done, while the backward pass goes on: where gradients are
/// reduced over processes, the reduction starts here. Called on the thread of the tape, once for each parameter reached.
class GradientSink {
 public:
  virtual ~GradientSink() = default;
  virtual void final_gradient(Parameter& parameter) = 0;
};

}  // namespace malmoi::autograd
