#include "data/html/formula.h"

#include <cctype>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "base/ascii.h"
#include "data/html/dom.h"

namespace malmoi::data::html {
namespace {

const GumboVector& children_of(const GumboNode* node) { return node->v.element.children; }

const GumboNode* child(const GumboNode* node, unsigned i) {
  return static_cast<const GumboNode*>(children_of(node).data[i]);
}

// The first element with a tag, among the first `budget` nodes: elements that only call themselves formulas may hold each
// other and the whole page.
const GumboNode* find_tag(const GumboNode* node, GumboTag tag, int& budget) {
  if (node->type != GUMBO_NODE_ELEMENT || --budget < 0) return nullptr;
  if (node->v.element.tag == tag) return node;
  for (unsigned i = 0; i < children_of(node).length; ++i)
    if (const GumboNode* found = find_tag(child(node, i), tag, budget)) return found;
  return nullptr;
}

const GumboNode* find_tag(const GumboNode* node, GumboTag tag) {
  int budget = 1000;
  return find_tag(node, tag, budget);
}

// "{\displaystyle x}" -> "x"; "$x$" -> "x"; white space to single spaces.
std::string clean_tex(std::string_view tex) {
  constexpr std::string_view kSpace = " \t\n\f\r";
  tex = ascii_trim(tex);
  for (std::string_view style : {"{\\displaystyle", "{\\textstyle"})
    if (tex.starts_with(style) && tex.ends_with('}'))
      tex = ascii_trim(tex.substr(style.size(), tex.size() - style.size() - 1));
  while (tex.size() > 2 && tex.front() == '$' && tex.back() == '$') tex = ascii_trim(tex.substr(1, tex.size() - 2));
  std::string out;
  for (char c : tex) {
    bool space = kSpace.find(c) != std::string_view::npos;
    if (!space) out += c;
    else if (!out.empty() && out.back() != ' ') out += ' ';
  }
  return out;
}

// --- MathML to TeX ----------------------------------------------------------------------------------------------------

std::string tex_of(const GumboNode* node);

std::vector<std::string> arguments(const GumboNode* node) {
  std::vector<std::string> out;
  for (unsigned i = 0; i < children_of(node).length; ++i)
    if (child(node, i)->type == GUMBO_NODE_ELEMENT) out.push_back(tex_of(child(node, i)));
  return out;
}

std::string joined(const GumboNode* node, std::string_view separator = "") {
  std::string out;
  for (const std::string& part : arguments(node)) {
    if (!out.empty()) out += separator;
    // "\alpha" and "x" are two words.
    bool command = out.find_last_of('\\') != std::string::npos && std::isalpha(static_cast<unsigned char>(out.back()));
    if (command && !part.empty() && std::isalpha(static_cast<unsigned char>(part[0]))) out += ' ';
    out += part;
  }
  return out;
}

std::string braced(const std::string& tex) { return tex.size() == 1 ? tex : "{" + tex + "}"; }
std::string grouped(const std::string& tex) { return "{" + tex + "}"; }

// Base and scripts; what is missing stays out.
std::string scripted(const std::vector<std::string>& parts, std::string_view first, std::string_view second) {
  std::string out = parts.empty()                                                                ? std::string()
                    : parts[0].size() > 1 && parts[0].find_first_of(" +-=") != std::string::npos ? grouped(parts[0])
                                                                                                 : parts[0];
  if (parts.size() > 1) (out += first) += braced(parts[1]);
  if (parts.size() > 2) (out += second) += braced(parts[2]);
  return out;
}

std::string tex_of(const GumboNode* node) {
  std::string name = element_name(node->v.element);
  if (name == "annotation" || name == "annotation-xml") return {};
  if (name == "semantics") {
    for (unsigned i = 0; i < children_of(node).length; ++i)
      if (child(node, i)->type == GUMBO_NODE_ELEMENT) return tex_of(child(node, i));
    return {};
  }
  for (std::string_view leaf : {"mi", "mn", "mo", "ms"})
    if (name == leaf) return text_within(node);
  if (name == "mtext") return "\\text{" + text_within(node) + "}";
  if (name == "mspace") return " ";
  std::vector<std::string> parts = arguments(node);
  if (name == "msup" || name == "mover") return scripted(parts, "^", "^");
  if (name == "msub" || name == "munder") return scripted(parts, "_", "_");
  if (name == "msubsup" || name == "munderover") return scripted(parts, "_", "^");
  if (name == "mfrac" && parts.size() == 2) return "\\frac" + grouped(parts[0]) + grouped(parts[1]);
  if (name == "msqrt") return "\\sqrt" + grouped(joined(node));
  if (name == "mroot" && parts.size() == 2) return "\\sqrt[" + parts[1] + "]" + grouped(parts[0]);
  if (name == "mfenced") return "(" + joined(node, ",") + ")";
  if (name == "mtable") return "\\begin{matrix}" + joined(node, " \\\\ ") + "\\end{matrix}";
  if (name == "mtr") return joined(node, " & ");
  return joined(node);
}

// The author's own TeX, of the formula itself and not of a part of it.
std::string annotated(const GumboNode* math) {
  for (unsigned i = 0; i < children_of(math).length; ++i) {
    const GumboNode* semantics = child(math, i);
    if (semantics->type != GUMBO_NODE_ELEMENT || element_name(semantics->v.element) != "semantics") continue;
    for (unsigned j = 0; j < children_of(semantics).length; ++j) {
      const GumboNode* note = child(semantics, j);
      if (note->type != GUMBO_NODE_ELEMENT || element_name(note->v.element) != "annotation") continue;
      std::string encoding = ascii_lower(attribute(note->v.element, "encoding"));
      if (encoding != "application/x-tex" && encoding != "tex" && encoding != "latex" &&
          encoding != "application/x-latex")
        continue;
      if (std::string tex = clean_tex(text_within(note)); !tex.empty()) return tex;
    }
  }
  return {};
}

Formula of_math(const GumboNode* math) {
  Formula formula;
  formula.display = attribute(math->v.element, "display") == "block";
  formula.tex = annotated(math);
  if (formula.tex.empty()) formula.tex = clean_tex(attribute(math->v.element, "alttext"));
  if (formula.tex.empty()) formula.tex = clean_tex(tex_of(math));
  return formula;
}

bool is_formula_image(const GumboElement& element) {
  if (element.tag != GUMBO_TAG_IMG || ascii_trim(attribute(element, "alt")).empty()) return false;
  std::string_view source = attribute(element, "src");
  for (std::string_view maker :
       {"latex.php", "latex.codecogs.com", "/math/render/", "chart.googleapis.com/chart?cht=tx"})
    if (source.find(maker) != std::string_view::npos) return true;
  for (std::string_view name :
       {"tex", "latex", "mwe-math-fallback-image-inline", "mwe-math-fallback-image-display", "math"})
    if (has_class(element, name)) return true;
  // Under any other name, if it says that it is a formula and its text is TeX.
  std::string classes = ascii_lower(attribute(element, "class"));
  bool named = classes.find("math") != std::string::npos || classes.find("equation") != std::string::npos ||
               classes.find("formula") != std::string::npos;
  return named && attribute(element, "alt").find_first_of("\\^_=") != std::string_view::npos;
}

bool drawn_by_mathjax(const GumboElement& element) {
  if (attribute(element, "class").find("MathJax") == std::string_view::npos &&
      attribute(element, "class").find("MJXc") == std::string_view::npos)
    return element.tag == GUMBO_TAG_UNKNOWN && element_name(element) == "mjx-container";
  for (std::string_view name : {"MathJax", "MathJax_Preview", "MathJax_Display", "MathJax_CHTML", "MathJax_SVG",
                                "MathJax_SVG_Display", "MJXc-display"})
    if (has_class(element, name)) return true;
  return element_name(element) == "mjx-container";
}

// MathJax 2 leaves the source in a script behind what it drew.
bool source_follows(const GumboNode* node) {
  const GumboNode* parent = node->parent;
  if (!parent || parent->type != GUMBO_NODE_ELEMENT) return false;
  for (size_t i = node->index_within_parent + 1; i < children_of(parent).length; ++i) {
    const GumboNode* next = child(parent, static_cast<unsigned>(i));
    if (next->type == GUMBO_NODE_WHITESPACE) continue;
    if (next->type != GUMBO_NODE_ELEMENT) return false;
    if (next->v.element.tag == GUMBO_TAG_MATH) return true;
    if (!drawn_by_mathjax(next->v.element)) return false;
  }
  return false;
}

}  // namespace

std::optional<Formula> read_formula(const GumboNode* node) {
  if (node->type != GUMBO_NODE_ELEMENT) return {};
  const GumboElement& element = node->v.element;
  if (element.tag == GUMBO_TAG_MATH) return of_math(node);
  if (is_formula_image(element)) return Formula{clean_tex(attribute(element, "alt"))};
  if (attribute(element, "class").empty() && element.tag != GUMBO_TAG_UNKNOWN) return {};
  bool katex_display = has_class(element, "katex-display");
  if (katex_display || has_class(element, "katex")) {
    const GumboNode* math = find_tag(node, GUMBO_TAG_MATH);
    Formula formula = math ? of_math(math) : Formula{text_within(node)};
    formula.display |= katex_display;
    return formula;
  }
  if (drawn_by_mathjax(element)) {
    if (source_follows(node)) return Formula{};
    const GumboNode* math = find_tag(node, GUMBO_TAG_MATH);
    if (!math) return {};
    Formula formula = of_math(math);
    formula.display |= attribute(element, "display") == "true" || has_class(element, "MathJax_Display");
    return formula;
  }
  if (has_class(element, "mwe-math-element")) {
    const GumboNode* math = find_tag(node, GUMBO_TAG_MATH);
    if (math) return of_math(math);
    const GumboNode* image = find_tag(node, GUMBO_TAG_IMG);
    if (image) return Formula{clean_tex(attribute(image->v.element, "alt"))};
  }
  return {};
}

std::string formula_markup(const Formula& formula) {
  std::string_view mark = formula.display ? "$$" : "$";
  return std::string(mark) + formula.tex + std::string(mark);
}

}  // namespace malmoi::data::html
