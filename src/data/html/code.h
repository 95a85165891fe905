// What a page says of its blocks of code.
#pragma once

#include <gumbo.h>

#include <string>
#include <string_view>

namespace malmoi::data::html {

/// The language of a <pre>, lower-case, by the usual names of classes on it, on a <code> within and on the elements
/// around it (language-x, lang-x, highlight-source-x, brush: x, sourceCode x, hljs x), or by data-lang or lang. Empty if
/// none says so.
std::string code_language(const GumboNode* pre);

/// A number that a listing's line carries, by the usual names of classes.
bool is_line_number(const GumboNode* node);

/// Numbers 1, 2, 3 ... alone: what stands beside a listing.
bool is_line_numbers(std::string_view text);

}  // namespace malmoi::data::html
