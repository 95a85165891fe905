// Packed tensors of a file bound to the slots of a parameter, so that products read them as they are.
#pragma once

#include <span>

#include "base/error.h"
#include "formats/tensor_source.h"
#include "nn/parameter_set.h"

namespace malmoi::model {

/// A source of a parameter and the tensor that fills it.
struct PackedSource {
  nn::Source source;
  const formats::StoredTensor* tensor;
};

/// Whether all that fills a parameter is packed, and lies in rows: what can be served as it is.
bool can_bind_packed(const nn::ParameterSet::Entry& entry, std::span<const PackedSource> sources);

/// Binds a weight to each slot of the parameter. Errors: a scale that is not finite, with its tensor.
Status bind_packed(nn::ParameterSet::Entry& entry, std::span<const PackedSource> sources, const std::string& where);

}  // namespace malmoi::model
