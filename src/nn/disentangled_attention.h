// Disentangled attention (He et al. 2021): positions have keys and queries of their own, by distance.
#pragma once

#include "nn/batch.h"
#include "nn/linear.h"

namespace malmoi::nn {

struct DisentangledSpec {
  int64_t width = 0, heads = 0;
  double dropout = 0, position_dropout = 0;  // of probabilities; of the table
  bool to_position = false;                  // queries by the keys of positions ("c2p")
  bool from_position = false;                // keys by the queries of positions ("p2c")
  bool relative = false;                     // false: neither, though the scale counts them
  bool shared = false;                       // positions are projected as rows are
  autograd::RelativePositions positions;
};

class DisentangledAttention {
 public:
  DisentangledAttention() = default;
  DisentangledAttention(const Declare& declare, const DisentangledSpec& spec);
  /// `table`: the rows of positions from positions.row(1 - batch.longest_run) to row(batch.longest_run - 1).
  Var operator()(Context& context, Var x, const Batch& batch, Var table) const;

 private:
  Var project(Context& context, Var table) const;

  DisentangledSpec spec_;
  Linear qkv_, positions_, out_;
};

}  // namespace malmoi::nn
