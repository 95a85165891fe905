// The steps of wikitext.h, each from text to text, each linear.
//
// What is not to be read as markup by a later step (nowiki, code) passes through them in shielded characters.
#pragma once

#include <string>
#include <string_view>

#include "data/readers/wikitext.h"

namespace malmoi::data::wiki {

/// Comments and the elements that are no prose go, tags go, literal text is shielded.
std::string resolve_tags(std::string_view text);

/// `-{zh-hans:a;zh-hant:b}-` becomes a.
std::string resolve_variants(std::string_view text);

/// Templates, tables, links.
std::string resolve_brackets(std::string_view text, const WikiSite& site);

/// Character references (`&deg;`, `&#176;`) as HTML has them.
std::string decode_entities(std::string_view text);

/// Appends `text` with the signs that markup is made of as private characters.
void append_shielded(std::string& out, std::string_view text);
/// Those signs as they were.
std::string unshield(std::string_view text);

}  // namespace malmoi::data::wiki
