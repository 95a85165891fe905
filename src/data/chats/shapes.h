// From a row with named columns to a conversation: which shape it has, and how each is read.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "base/json.h"
#include "data/chats/chat_row.h"

namespace malmoi::data {

/// By the names of the columns alone; none: it is no shape that is known.
std::optional<ChatShape> find_shape(const Json& cells);

/// A row in a shape. A column `system` is what is told beforehand, where the conversation does not say it; `tools` is a list or its
/// JSON. Errors, all with `where`: a column that is missing or empty, roles, contents, calls or weights of another kind, chosen and
/// rejected that have no beginning in common.
Result<ChatRow> read_chat_row(const Json& cells, ChatShape shape, const std::string& where);

}  // namespace malmoi::data
