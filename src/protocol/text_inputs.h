// Fields that hold one text or several, each as it is or as ids, and what their vectors shall be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "chat/explore.h"
#include "protocol/fields.h"

namespace malmoi::protocol {

using chat::TextOrIds;

/// A text, a list of texts, a list of ids, or a list of lists of ids; at most `limit` texts. Errors stay in `fields`: a field
/// that is missing, an empty list.
std::vector<TextOrIds> read_inputs(Fields& fields, std::string_view name, size_t limit);

/// `dimensions`: how many numbers each vector shall have; 0: all.
int64_t read_dimensions(Fields& fields);

}  // namespace malmoi::protocol
