// A page as the parser is given it: written anew in one pass, within limits that keep any parser's time and memory in
// proportion to the page.
//
// Left out: comments, scripts, styles and other text that is never shown; attributes of one tag after the first 32;
// formatting elements (<b>, <font> ...) while 16 others stand open. Refused: more than two million tags, elements a
// thousand deep, or a sum of depths over all tags of a hundred million: a page like that has no usable tree. A formula
// that stands in a script (MathJax 2) becomes <math alttext="...">.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace malmoi::data::html {

struct Markup {
  std::string html;      // complete, whether refused or not
  bool refused = false;  // beyond what a tree is made of
};

/// Linear in the size of the page.
Markup bounded_markup(std::string_view page);

/// The text of bounded markup with its tags cut away, for pages that have no usable tree.
std::string strip_tags(std::string_view markup);

}  // namespace malmoi::data::html
