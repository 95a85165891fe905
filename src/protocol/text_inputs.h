// Fields that hold one text or several, each as it is or as ids.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "chat/explore.h"
#include "protocol/fields.h"

namespace malmoi::protocol {

using chat::TextOrIds;

/// A text, a list of texts, a list of ids, or a list of lists of ids; at most `limit` texts. Errors stay in `fields`: a field
/// that is missing, an empty list.
std::vector<TextOrIds> read_inputs(Fields& fields, std::string_view name, size_t limit);

}  // namespace malmoi::protocol
