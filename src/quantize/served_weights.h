// The matrices of a model that serves, packed in memory when it is loaded.
#pragma once

#include <string>

#include "base/error.h"
#include "model/model.h"

namespace malmoi::quantize {

struct ServedWeights {
  int64_t matrices = 0;          // that were packed
  size_t before = 0, after = 0;  // their bytes
};

/// Binds blocks of `type` (`q8_0` and the other types of 32 weights that are written) in place of each dense matrix that
/// products or look-ups read, and lets go of the dense one. Small matrices and rows that do not fill blocks stay as they
/// are. Before adapters are put around them. Errors: an unknown type, no memory.
Result<ServedWeights> pack_served_weights(model::Model& model, const std::string& type);

}  // namespace malmoi::quantize
