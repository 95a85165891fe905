// What the methods over task vectors share: delta_i = model_i - base, sparsified, mixed by weight, added to the base.
//
//   out = base + lambda * sum_i w_i m_i delta_i  (over sum_i w_i m_i where `normalize` says so)
//
// With sign consensus (TIES) m_i is 1 where w_i delta_i has the sign of sum_j w_j delta_j, of which 0 counts as positive, else 0;
// without, 1 everywhere. `rescale`: what is left of a delta is scaled to the L1 norm that it had. A divisor of 0 is 1.
#pragma once

#include "merge/method.h"
#include "merge/sparsify.h"

namespace malmoi::merge {

/// `sparsify` may be null. Errors: what it refuses.
Result<std::vector<float>> merge_task_vectors(Ingredients& ingredients, Sparsify sparsify, bool sign_consensus);

}  // namespace malmoi::merge
