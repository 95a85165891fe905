// JSON as other programs write it: half a surrogate pair, which no UTF-8 can hold, is read as U+FFFD.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace malmoi::data {

/// parse_json of a text that may hold lone surrogates (`"\ud83d"`): texts cut by UTF-16 units have them.
Result<Json> parse_foreign_json(std::string_view text, const std::string& where);

/// Writes \ufffd over the escapes of lone surrogates; no byte moves. Whether there were any.
bool mend_surrogates(std::string& json);

}  // namespace malmoi::data
