// What an answer must be, by the fields of a request: OpenAI's `response_format`, llama.cpp's `json_schema` and `grammar`,
// vLLM's `guided_json`, `guided_regex`, `guided_choice` and `guided_grammar`.
#pragma once

#include <optional>

#include "chat/constraint.h"
#include "protocol/fields.h"

namespace malmoi::protocol {

/// An answer that holds to a JSON schema: an object, `true` or `false`; some clients send it as a text.
chat::Constraint schema_constraint(const Json& schema);

/// None where the request does not ask for one. Errors stay in `fields`: an unknown type of format, two rules at once. What
/// a schema or a grammar says is read by who enforces it.
std::optional<chat::Constraint> read_constraint(Fields& fields);

}  // namespace malmoi::protocol
