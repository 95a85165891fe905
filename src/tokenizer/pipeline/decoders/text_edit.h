// What several decoders do to the text of a token.
#pragma once

#include <string>
#include <string_view>

namespace malmoi::tokenizer {

/// Replaces every `from`; an empty one is never found.
void replace_text(std::string& text, std::string_view from, std::string_view to);
/// Joins the spaces that a word-piece tokenizer put before punctuation and English contractions.
void clean_up(std::string& text);

}  // namespace malmoi::tokenizer
