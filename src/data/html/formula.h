// Formulas of a page, each of them once: MathML, KaTeX, MathJax 2 and 3, and images of formulas.
#pragma once

#include <gumbo.h>

#include <optional>
#include <string>

namespace malmoi::data::html {

struct Formula {
  std::string tex;       // empty: another copy of a formula that stands beside it
  bool display = false;  // on a line of its own
};

/// The formula that `node` is the outermost element of. Its TeX is the author's where the page holds it (an annotation,
/// alttext, alt), else made from MathML.
std::optional<Formula> read_formula(const GumboNode* node);

/// "$x$" or "$$x$$".
std::string formula_markup(const Formula& formula);

}  // namespace malmoi::data::html
