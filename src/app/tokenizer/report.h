// `malmoi tokenizer inspect` and `compare`: how tokenizers cut a text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::app {

/// The tokens of a text: [{id, piece, text, begin, end}], `text` being the characters it came from.
Json inspect_text(const tokenizer::Tokenizer& tokenizer, std::string_view text, tokenizer::EncodeOptions options);
/// The same for a terminal: the text with a colour a token, then a line a token. `colour` off: no escape sequences.
std::string inspect_for_terminal(const tokenizer::Tokenizer& tokenizer, std::string_view text,
                                 tokenizer::EncodeOptions options, bool colour);

/// One tokenizer over a text (documents apart by empty lines): tokens, tokens a word, a character and a byte, unknown
/// tokens, megabytes a second; by script too (`scripts`: words of mostly that script).
Json compare_one(const tokenizer::Tokenizer& tokenizer, const std::string& name, std::string_view text);

}  // namespace malmoi::app
