// What can be done with the states of a family.
#pragma once

#include <cstdint>

#include "nn/state.h"

namespace malmoi::infer {

/// Whether every state can forget its last rows: a recurrence cannot.
bool can_truncate(const nn::StatePool& pool);

/// Up to which length a prompt has the same bits wherever it is cut: without end where every position keeps its keys; with
/// windows until their first rows go; never (0) where a state is computed by chunks, or a beginning in another way than the
/// rest (latent attention).
int64_t cut_free_length(const nn::StatePool& pool);

}  // namespace malmoi::infer
