// Texts in the messages of a conversation, and how many messages it may have.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

#include "protocol/fields.h"

namespace malmoi::protocol {

constexpr size_t kMaxMessages =
    4096;  // of one conversation; of the contents and items, too, that some APIs have in their place
constexpr size_t kMaxCalls = 128;  // of one message

/// The field `name`: a text, or a list of parts, of which those of `types` hold a `text`, as one; empty where there is none.
/// `place` stands before its name in errors, which stay in `fields`: other parts (images, files), a part without its text.
std::string read_text_parts(Fields& fields, const std::string& place, const char* name,
                            std::initializer_list<std::string_view> types);

/// A text that must be there, and not be empty.
std::string required_text(Fields& fields, const char* name);

}  // namespace malmoi::protocol
