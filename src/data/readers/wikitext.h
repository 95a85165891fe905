// The markup of MediaWiki as Markdown: what a reader sees of it.
#pragma once

#include <string>
#include <string_view>

namespace malmoi::data {

bool is_wiki_redirect(std::string_view text);

/// Headings and lists stay as Markdown; links leave their text; templates, tables, references, files, categories and
/// comments go. Linear in the text's length.
std::string wikitext_to_markdown(std::string_view text);

}  // namespace malmoi::data
