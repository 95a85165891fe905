// What recurrent layers share: where their states lie in a batch.
#pragma once

#include <vector>

#include "nn/batch.h"

namespace malmoi::nn {

/// The elements of a slot (kRecurrent, kConvolution), run by run; empty where the batch has no states.
inline std::vector<float*> elements_of(const Batch& batch, int64_t slot) {
  std::vector<float*> elements;
  for (SequenceState* state : batch.states) elements.push_back(state->elements(slot).data());
  return elements;
}

}  // namespace malmoi::nn
