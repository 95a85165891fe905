#include "data/html/dom.h"

#include <algorithm>
#include <cctype>

#include "base/ascii.h"
#include "data/html/formula.h"

namespace malmoi::data::html {

std::string_view attribute(const GumboElement& element, const char* name) {
  const GumboAttribute* a = gumbo_get_attribute(&element.attributes, name);
  return a ? std::string_view(a->value) : std::string_view();
}

bool has_attribute(const GumboElement& element, const char* name) {
  return gumbo_get_attribute(&element.attributes, name) != nullptr;
}

bool has_class(const GumboElement& element, std::string_view name) {
  std::string_view words = attribute(element, "class");
  for (size_t at = words.find(name); at != std::string_view::npos; at = words.find(name, at + 1)) {
    size_t end = at + name.size();
    bool begins = at == 0 || std::isspace(static_cast<unsigned char>(words[at - 1]));
    if (begins && (end == words.size() || std::isspace(static_cast<unsigned char>(words[end])))) return true;
  }
  return false;
}

std::string element_name(const GumboElement& element) {
  if (element.tag != GUMBO_TAG_UNKNOWN) return gumbo_normalized_tagname(element.tag);
  GumboStringPiece name = element.original_tag;
  if (!name.data) return {};
  gumbo_tag_from_original_text(&name);
  return ascii_lower({name.data, name.length});
}

bool is_one_of(GumboTag tag, std::initializer_list<GumboTag> list) {
  return std::find(list.begin(), list.end(), tag) != list.end();
}

bool never_shown(GumboTag tag) {
  return is_one_of(tag,
                   {GUMBO_TAG_SCRIPT,   GUMBO_TAG_STYLE,    GUMBO_TAG_NOSCRIPT, GUMBO_TAG_TEMPLATE, GUMBO_TAG_IFRAME,
                    GUMBO_TAG_OBJECT,   GUMBO_TAG_EMBED,    GUMBO_TAG_SVG,      GUMBO_TAG_CANVAS,   GUMBO_TAG_AUDIO,
                    GUMBO_TAG_VIDEO,    GUMBO_TAG_MAP,      GUMBO_TAG_HEAD,     GUMBO_TAG_BUTTON,   GUMBO_TAG_INPUT,
                    GUMBO_TAG_SELECT,   GUMBO_TAG_TEXTAREA, GUMBO_TAG_DATALIST, GUMBO_TAG_APPLET,   GUMBO_TAG_FRAMESET,
                    GUMBO_TAG_NOFRAMES, GUMBO_TAG_RP});
}

bool is_block(GumboTag tag) {
  return is_one_of(tag,
                   {GUMBO_TAG_P,          GUMBO_TAG_DIV,    GUMBO_TAG_SECTION,    GUMBO_TAG_ARTICLE, GUMBO_TAG_MAIN,
                    GUMBO_TAG_ASIDE,      GUMBO_TAG_NAV,    GUMBO_TAG_HEADER,     GUMBO_TAG_FOOTER,  GUMBO_TAG_H1,
                    GUMBO_TAG_H2,         GUMBO_TAG_H3,     GUMBO_TAG_H4,         GUMBO_TAG_H5,      GUMBO_TAG_H6,
                    GUMBO_TAG_UL,         GUMBO_TAG_OL,     GUMBO_TAG_LI,         GUMBO_TAG_DL,      GUMBO_TAG_DT,
                    GUMBO_TAG_DD,         GUMBO_TAG_TABLE,  GUMBO_TAG_TBODY,      GUMBO_TAG_THEAD,   GUMBO_TAG_TFOOT,
                    GUMBO_TAG_TR,         GUMBO_TAG_TD,     GUMBO_TAG_TH,         GUMBO_TAG_CAPTION, GUMBO_TAG_PRE,
                    GUMBO_TAG_BLOCKQUOTE, GUMBO_TAG_FIGURE, GUMBO_TAG_FIGCAPTION, GUMBO_TAG_FORM,    GUMBO_TAG_FIELDSET,
                    GUMBO_TAG_ADDRESS,    GUMBO_TAG_CENTER, GUMBO_TAG_DETAILS,    GUMBO_TAG_SUMMARY, GUMBO_TAG_HR,
                    GUMBO_TAG_BODY,       GUMBO_TAG_HTML,   GUMBO_TAG_LEGEND});
}

int heading_level(GumboTag tag) {
  return tag >= GUMBO_TAG_H1 && tag <= GUMBO_TAG_H6 ? static_cast<int>(tag) - static_cast<int>(GUMBO_TAG_H1) + 1 : 0;
}

bool is_hidden(const GumboElement& element) {
  if (has_attribute(element, "hidden")) return true;
  if (attribute(element, "aria-hidden") == "true") return true;
  std::string style;
  for (char c : ascii_lower(attribute(element, "style")))
    if (!std::isspace(static_cast<unsigned char>(c))) style += c;
  return style.find("display:none") != std::string::npos || style.find("visibility:hidden") != std::string::npos;
}

bool is_boilerplate_role(std::string_view role) {
  for (std::string_view name : {"navigation", "banner", "contentinfo", "complementary", "search", "dialog",
                                "alertdialog", "menu", "menubar", "toolbar", "doc-toc", "tablist"})
    if (role == name) return true;
  return false;
}

bool is_semantic(const GumboElement& element) {
  return element.tag == GUMBO_TAG_MAIN || element.tag == GUMBO_TAG_ARTICLE || attribute(element, "role") == "main" ||
         attribute(element, "role") == "article" || attribute(element, "itemprop") == "articleBody";
}

namespace {

void append_shown(const GumboNode* node, bool show_hidden, std::string& out) {
  if (node->type == GUMBO_NODE_TEXT || node->type == GUMBO_NODE_WHITESPACE || node->type == GUMBO_NODE_CDATA) {
    out += node->v.text.text;
    return;
  }
  if (node->type != GUMBO_NODE_ELEMENT) return;
  const GumboElement& element = node->v.element;
  if (auto formula = read_formula(node)) {
    out += formula->tex;
    return;
  }
  if (never_shown(element.tag) || (!show_hidden && is_hidden(element)) || is_permalink(node)) return;
  if (element.tag == GUMBO_TAG_RT) {
    std::string text = text_within(node);
    std::string_view reading = ascii_trim(text);
    if (!reading.empty()) ((out += '(') += reading) += ')';
    return;
  }
  if (element.tag == GUMBO_TAG_BR || is_block(element.tag)) out += ' ';
  for (unsigned i = 0; i < element.children.length; ++i)
    append_shown(static_cast<const GumboNode*>(element.children.data[i]), show_hidden, out);
  if (is_block(element.tag)) out += ' ';
}

}  // namespace

std::string shown_text(const GumboNode* node, bool show_hidden) {
  std::string text, out;
  append_shown(node, show_hidden, text);
  for (char c : text) {
    bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
    if (!space) out += c;
    else if (!out.empty() && out.back() != ' ') out += ' ';
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string text_within(const GumboNode* node) {
  std::string out;
  if (node->type == GUMBO_NODE_TEXT || node->type == GUMBO_NODE_WHITESPACE || node->type == GUMBO_NODE_CDATA)
    return node->v.text.text;
  if (node->type != GUMBO_NODE_ELEMENT) return out;
  for (unsigned i = 0; i < node->v.element.children.length; ++i)
    out += text_within(static_cast<const GumboNode*>(node->v.element.children.data[i]));
  return out;
}

bool is_permalink(const GumboNode* node) {
  const GumboElement& element = node->v.element;
  if (element.tag != GUMBO_TAG_A || attribute(element, "href").find('#') == std::string_view::npos) return false;
  std::string shown = first_text(node);
  std::string_view text = ascii_trim(shown);
  for (std::string_view mark : {"#", "¶", "§", "🔗", "⚓", "\u200b", "∞", "Permalink", "permalink", "Permanent link"})
    if (text == mark) return true;
  return false;
}

std::string first_text(const GumboNode* node) {
  if (node->type == GUMBO_NODE_TEXT) return node->v.text.text;
  std::string out;
  if (node->type != GUMBO_NODE_ELEMENT) return out;
  for (unsigned i = 0; i < node->v.element.children.length && out.size() < 64; ++i)
    out += first_text(static_cast<const GumboNode*>(node->v.element.children.data[i]));
  return out;
}

}  // namespace malmoi::data::html
