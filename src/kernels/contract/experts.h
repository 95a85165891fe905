// Mixtures of experts: which expert a row goes to, and rows to and from them. The rules of all kernels stand in backend.h.
//
// Each row is sent to top_k experts (Shazeer et al. 2017; Jiang et al. 2024). A slot is one row at one expert: there are rows *
// top_k of them, whatever the routing, sorted by expert and within an expert by row, so each expert's products are made of
// consecutive rows of what gather_rows gives.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/dtype.h"

namespace malmoi::kernels {

/// What an expert's probability is made of its logit by.
enum class RouterScores : uint8_t {
  kSoftmax,  // over a row's experts
  kSigmoid,  // of each by itself (DeepSeek-V3, section 2.1.2)
};

constexpr int64_t kMostRouterGroups = 256;  // one for each of the largest published router's experts
constexpr int64_t kMostGroupBest = 2;

/// p = scores(logits) of a row. Its top_k experts are those of the largest p + choice_bias (of equal ones the lowest index
/// first) among the experts of its top_groups best groups, with weights scale * p, or renormalised: scale * p / (the sum of
/// the chosen p). A group is experts / groups neighbours, as good as the sum of its group_best largest p + choice_bias
/// (DeepSeek-V2, section 2.1.2).
struct RouteArgs {
  DType dtype = DType::kF32;                 // of logits
  int64_t rows = 0, experts = 0, top_k = 0;  // 1 <= top_k <= top_groups * experts / groups
  RouterScores scores = RouterScores::kSoftmax;
  bool renormalise = true;
  float scale = 1;
  int64_t groups = 1, top_groups = 1;  // groups divides experts, at most kMostRouterGroups
  int64_t group_best = 1;              // at most kMostGroupBest and the experts of a group
  const void* choice_bias = nullptr;   // [experts], f32 (oracle f64); null: zero
  const void* logits = nullptr;        // [rows, experts]
  void* probabilities = nullptr;       // [rows, experts], f32 (oracle f64)
  void* ranks = nullptr;               // [rows, experts], f32: scratch; needed with a choice_bias or groups
  int32_t* ids = nullptr;              // [rows, top_k], the best first
  void* weights = nullptr;             // [rows, top_k], f32 (oracle f64)
  int32_t* slot_row = nullptr;         // [rows * top_k]: the row of each slot
  int32_t* slot_of = nullptr;          // [rows, top_k]: the slot of each choice
  int32_t* offsets = nullptr;          // [experts + 1]: expert e has the slots [offsets[e], offsets[e + 1])
  /// What the load-balancing loss is made of (Fedus et al. 2021): experts * sum over e of f_e P_e, with f_e the choices of e for
  /// each row and P_e the mean of its share of the row's probabilities, over the rows of all layers that count.
  const uint8_t* counted = nullptr;  // [rows], 0: padding; null: all rows count
  void* probability_sums = nullptr;  // [experts], f32 (oracle f64): sums of shares of rows that count; null: not wanted
  int32_t* choices = nullptr;        // [experts]: choices of the rows that count; null: not wanted
};

/// dlogits from the gradient of the weights, and of the load-balancing loss by what it adds to the gradient of every
/// counted row's shares: experts * coefficient * f_e / (rows that count). None flows to what only chooses.
struct RouteBackwardArgs {
  RouteArgs forward;               // probabilities, ids, weights and counted are read
  const void* dweights = nullptr;  // [rows, top_k], f32 (oracle f64); null: zero
  const void* dprobabilities =
      nullptr;              // [experts], f32 (oracle f64): of the shares of every row that counts; null: zero
  void* dlogits = nullptr;  // [rows, experts], of type dtype; overwritten
};

/// y[i] = x[index[i]]; index -1: zeros.
struct GatherRowsArgs {
  DType dtype = DType::kF32;
  int64_t rows = 0, cols = 0;  // of y
  const void* x = nullptr;     // [any, cols]
  const int32_t* index = nullptr;
  void* y = nullptr;
};
/// dx[r] = the sum of dy[i] over index[i] == r in the order of i; overwritten, zero where no index points.
struct GatherRowsBackwardArgs {
  DType dtype = DType::kF32;
  int64_t rows = 0, source_rows = 0, cols = 0;  // rows of dy, rows of dx
  const int32_t* index = nullptr;
  const void* dy = nullptr;
  void* dx = nullptr;
  void* scratch = nullptr;  // gather_rows_backward_scratch() bytes
};
size_t gather_rows_backward_scratch(int64_t rows, int64_t source_rows);

/// y[r] = sum over k of weights[r, k] x[slot_of[r, k]]. With weights null all are one: the gradient of gathering slots.
struct CombineRowsArgs {
  DType dtype = DType::kF32;
  int64_t rows = 0, cols = 0, top_k = 0;
  const void* x = nullptr;           // [rows * top_k, cols]
  const int32_t* slot_of = nullptr;  // [rows, top_k], each slot once
  const void* weights = nullptr;     // [rows, top_k], f32 (oracle f64); null: ones
  void* y = nullptr;                 // [rows, cols]
};
/// dx[slot_of[r, k]] = weights[r, k] dy[r]; dweights[r, k] = dy[r] . x[slot_of[r, k]].
struct CombineRowsBackwardArgs {
  CombineRowsArgs forward;   // y is not read
  const void* dy = nullptr;  // [rows, cols]
  void* dx = nullptr;        // [rows * top_k, cols]; may be x; null: not wanted
  void* dweights = nullptr;  // [rows, top_k], f32 (oracle f64); null: not wanted
};

}  // namespace malmoi::kernels
