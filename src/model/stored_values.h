// The values of a stored tensor, whatever its type.
#pragma once

#include <vector>

#include "base/error.h"
#include "formats/tensor_source.h"
#include "tensor/block_type.h"
#include "tensor/dtype.h"

namespace malmoi::model {

/// The type of elements that stand by themselves. Errors: one that is not floating, or packed.
Result<DType> element_dtype(const formats::StoredTensor& tensor, const std::string& where);

/// How a packed tensor is packed; null where it is not.
const BlockFormat* format_of(const formats::StoredTensor& tensor);

/// All values in f32, in the order of the file. Errors: a type that is not floating.
Result<std::vector<float>> stored_values(const formats::StoredTensor& tensor, const std::string& where);

/// Whether two tensors have one shape and the same values, in whatever types they are stored.
bool same_values(const formats::StoredTensor& a, const formats::StoredTensor& b);

}  // namespace malmoi::model
