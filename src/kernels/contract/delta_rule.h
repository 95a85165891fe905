// The gated delta rule: a recurrence that corrects what it has stored. The rules that hold for all kernels stand in backend.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/contract/state_run.h"
#include "tensor/dtype.h"

namespace malmoi::kernels {

/// For each head, with the q_t and k_t of its key head, each times its scale (Yang, Kautz & Hatamizadeh 2024):
///   alpha_t = exp(-exp(a_log) softplus(a[t] + dt_bias)),   beta_t = sigmoid(b[t])
///   d_t = beta_t (v_t - alpha_t S_{t-1}^T k_t),   S_t = alpha_t S_{t-1} + k_t d_t^T,   y_t = S_t^T q_t
/// Head h reads key head h / (heads / key_heads). Several rows go by chunks, as products of matrices (Yang et al. 2024,
/// "Parallelizing linear transformers with the delta rule"): sums are in another order than row by row.
struct DeltaRuleArgs {
  DType dtype = DType::kF32;
  int64_t heads = 0, value_dim = 0, key_heads = 0, key_dim = 0;
  int64_t q_stride = 0, k_stride = 0, v_stride = 0, b_stride = 0, a_stride = 0, y_stride = 0;  // elements between rows
  const StateRun* runs = nullptr;  // states are [heads, key_dim, value_dim]; rows of no run are left as they are
  int64_t num_runs = 0;
  const void* q = nullptr;  // [rows, key_heads * key_dim], as k
  const void* k = nullptr;
  const void* v = nullptr;  // [rows, heads * value_dim]
  const void* b = nullptr;  // [rows, heads], as a
  const void* a = nullptr;
  float query_scale = 1, key_scale = 1;
  const void* a_log = nullptr;    // [heads], f32 (oracle f64)
  const void* dt_bias = nullptr;  // the same
  void* y = nullptr;              // [rows, heads * value_dim]; none of the inputs
  void* scratch = nullptr;        // delta_rule_scratch() bytes
};
size_t delta_rule_scratch(const DeltaRuleArgs& args);

/// Gradients of rows within runs are overwritten or added to, those of parameters accumulated. States are made again by
/// chunks; nothing flows into state_in. The order of sums depends on the sizes and the number of threads alone.
struct DeltaRuleBackwardArgs {
  DeltaRuleArgs forward;     // y, state_out and scratch are not used
  const void* dy = nullptr;  // at y_stride
  int64_t dq_stride = 0, dk_stride = 0, dv_stride = 0, db_stride = 0, da_stride = 0;
  void* dq = nullptr;
  void* dk = nullptr;
  void* dv = nullptr;
  void* db = nullptr;
  void* da = nullptr;
  bool accumulate = false;   // gradients of rows += instead of =
  void* da_log = nullptr;    // [heads], accumulated; null: not wanted, as ddt_bias
  void* ddt_bias = nullptr;  // [heads]
  void* scratch = nullptr;   // delta_rule_backward_scratch() bytes
};
size_t delta_rule_backward_scratch(const DeltaRuleArgs& args);

}  // namespace malmoi::kernels
