// Names for what is made here: responses, and calls that a model gave none.
#pragma once

#include <string>

namespace malmoi::serve {

/// `prefix` and 32 hexadecimal digits, drawn at random: no two are the same.
std::string new_id(std::string prefix);

/// `call_` and such digits; `is_short`: nine of them alone (chat::AnswerFamily::short_ids).
std::string new_call_id(bool is_short);

}  // namespace malmoi::serve
