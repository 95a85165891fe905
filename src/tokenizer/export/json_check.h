// Whether a tokenizer.json says all that a tokenizer does.
#pragma once

#include <string>

#include "base/error.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::tokenizer {

/// Opens what would be written as tokenizer.json and compares its ids over texts made for that: every piece between others and
/// beside the piece before it, white space in all places, every character of the character map and every composition. The error
/// names the first text that differs, with both ways. What is returned is a rare text that differs all the same: a compatibility
/// character with combining marks behind it (the format looks these up otherwise), marks out of their order, the name of a byte
/// token. Empty where none does.
Result<std::string> check_exact_json(const Tokenizer& tokenizer);

}  // namespace malmoi::tokenizer
