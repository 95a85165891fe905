// Rows and columns of stored tensors, taken out as their bytes lie.
#pragma once

#include <cstdint>
#include <span>

#include "base/error.h"
#include "formats/safetensors.h"

namespace malmoi::reshape {

/// Of one dimension the places that stay, in their order; null: all.
using Kept = const std::vector<int64_t>*;

/// The shape of what stays of a tensor's rows (its first dimension) and columns (its second).
std::vector<int64_t> gathered_shape(const formats::StoredTensor& tensor, Kept rows, Kept columns);
/// Gives its bytes to the sink. Places must be within the tensor, whose elements stand by themselves.
Status gather(const formats::StoredTensor& tensor, Kept rows, Kept columns, const formats::TensorSink& sink);

}  // namespace malmoi::reshape
