// Texts in the messages of a conversation.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "protocol/fields.h"

namespace malmoi::protocol {

/// The field `name`: a text, or a list of parts, of which those of `types` hold a `text`, as one; empty where there is none.
/// `place` stands before its name in errors, which stay in `fields`: other parts (images, files), a part without its text.
std::string read_text_parts(Fields& fields, const std::string& place, const char* name,
                            std::initializer_list<std::string_view> types);

/// A text that must be there, and not be empty.
std::string required_text(Fields& fields, const char* name);

}  // namespace malmoi::protocol
