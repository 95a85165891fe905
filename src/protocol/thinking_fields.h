// How hard a model is asked to think, by the words that APIs have for it.
#pragma once

#include <optional>
#include <string_view>

#include "chat/generation.h"
#include "protocol/fields.h"

namespace malmoi::protocol {

/// `none`, or `low`, `medium`, `high`, as templates are told. Nothing: another word. `field`: at fault where the model cannot.
std::optional<chat::Thinking> thinking_of(std::string_view effort, const char* field);

/// The field `name` with such a word, at `place` in the request, which must live as long; absent: as the template has it. An
/// error of another word stays in `fields`.
chat::Thinking read_effort(Fields& fields, const char* name, const char* place);

}  // namespace malmoi::protocol
