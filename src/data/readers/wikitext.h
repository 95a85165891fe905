// The markup of MediaWiki as Markdown: what a reader sees of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace malmoi::data {

/// What one wiki calls its own, from the <siteinfo> of its dump.
struct WikiSite {
  /// Namespaces whose links show no text (files, categories, templates), lower-case: `파일`, `file`.
  std::vector<std::string> hidden;
};

/// The names that wikis have in many languages.
const WikiSite& common_wiki_site();

bool is_wiki_redirect(std::string_view text);

/// Headings and lists stay as Markdown; links leave their text, and so do the templates that wiki_words.txt knows to
/// hold some; code stays, formulas stay as TeX between $; other templates, tables, references, files, categories and
/// comments go. Entities are decoded. What is not markup (`x<y`, `[[1,2],[3,4]]`) stays as it is. Linear in the text's
/// length.
std::string wikitext_to_markdown(std::string_view text, const WikiSite& site = common_wiki_site());

}  // namespace malmoi::data
