// What an answer must be, by the fields of a request: OpenAI's `response_format`, llama.cpp's `json_schema` and `grammar`,
// vLLM's `guided_json`, `guided_regex`, `guided_choice` and `guided_grammar`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "chat/constraint.h"
#include "protocol/fields.h"

namespace malmoi::protocol {

/// An answer that holds to a JSON schema: an object, `true` or `false`; some clients send it as a text.
chat::Constraint schema_constraint(const Json& schema);

/// None where the request does not ask for one. Errors stay in `fields`: an unknown type of format, two rules at once. What
/// a schema or a grammar says is read by who enforces it.
std::optional<chat::Constraint> read_constraint(Fields& fields);

/// JSON by a schema: an object, `true` or `false`; some clients send it as a text.
chat::Constraint schema_constraint(const Json& schema);

/// One of these texts.
chat::Constraint choice_constraint(const std::vector<std::string>& choices);
/// The same by `format` in the `text` of the Responses API, where a schema stands beside the format's `type`.
std::optional<chat::Constraint> read_text_format(Fields& text);

}  // namespace malmoi::protocol
