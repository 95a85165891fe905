// A page as the parser is given it: written anew in one pass, within limits that keep any parser's time and memory in
// proportion to the page.
//
// Left out: comments, scripts, styles and other text that is never shown; attributes that nothing here asks for, and of
// those that something does, what follows the first 32 in one tag;
// formatting elements (<b>, <font> ...) while 16 others stand open. Refused: more than two million tags, elements a
// thousand deep, or a sum of depths over all tags of a hundred million: a page like that has no usable tree. A formula
// that stands in a script (MathJax 2) becomes <math alttext="...">.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace malmoi::data::html {

struct Markup {
  std::string html;  // complete, whether refused or not
  size_t tags = 0;
  bool refused = false;  // beyond what a tree is made of
};

/// Whether bounded markup has an attribute of this name, lower-case: those that elements are asked for.
bool keeps_attribute(std::string_view name);

/// Linear in the size of the page.
Markup bounded_markup(std::string_view page);

/// The text of bounded markup with its tags cut away, for pages that have no usable tree.
std::string strip_tags(std::string_view markup);

}  // namespace malmoi::data::html
