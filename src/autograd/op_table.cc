#include "autograd/ops/ops_internal.h"
#include "autograd/tape.h"

namespace malmoi::autograd {

// One line an op, in the order of OpKind.
const std::vector<Op>& op_table() {
  static const std::vector<Op> table = {
      {OpKind::kEmbedding, "embedding", embedding_backward, nullptr},
      {OpKind::kNorm, "norm", norm_backward, norm_recompute},
      {OpKind::kLinear, "linear", linear_backward, nullptr},
      {OpKind::kActivation, "activation", activation_backward, activation_recompute},
      {OpKind::kGated, "gated", gated_backward, gated_recompute},
      {OpKind::kRotary, "rotary", rotary_backward, nullptr},
      {OpKind::kAttention, "attention", attention_backward, nullptr},
      {OpKind::kBlock, "block", block_backward, nullptr},
  };
  return table;
}

const Op& op_info(OpKind kind) { return op_table()[static_cast<size_t>(kind)]; }

}  // namespace malmoi::autograd
