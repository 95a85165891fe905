// The main content of an HTML page as text or Markdown, by structure, text density and link density.
//
// The page is parsed (gumbo), what is never content is left out (scripts, hidden elements, navigation, advertising,
// comments ... told by tag, role, class and id), and the rest becomes a list of blocks (paragraphs, headings, items,
// tables, code). Each block has a value: prose counts for it, links and boilerplate lines against. The content is the
// element with the largest sum, with the heading that stands before it.
#pragma once

#include <string>
#include <string_view>

namespace malmoi::data {

enum class TextFormat {
  kPlain,     // table cells by tabs, no marks
  kMarkdown,  // headings, lists, tables, code and quotations marked
};

struct HtmlOptions {
  TextFormat format = TextFormat::kMarkdown;
  bool whole_page = false;  // every block that is shown: for books and feeds, which hold nothing but content
};

struct HtmlText {
  std::string text;        // blocks separated by an empty line; empty if the page has no main content
  std::string title;       // of the first heading, else of <title> without the site's name
  std::string language;    // what <html lang> says: "ko", "en" ...
  bool flattened = false;  // too deep or too large for a tree: tags were only cut away
};

/// `html` is UTF-8. Never fails: a page without content gives an empty text. Linear in the size of the page.
HtmlText extract_html(std::string_view html, const HtmlOptions& options = {});

}  // namespace malmoi::data
