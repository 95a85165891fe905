#include "data/html/judge.h"

#include <algorithm>
#include <string_view>

#include "base/ascii.h"
#include "data/html/dom.h"
#include "data/html/rules.h"

namespace malmoi::data::html {
namespace {

bool is_structure(const GumboNode* node) {
  if (node->type != GUMBO_NODE_ELEMENT) return false;
  GumboTag tag = node->v.element.tag;
  return is_one_of(tag, {GUMBO_TAG_LI, GUMBO_TAG_TR, GUMBO_TAG_PRE, GUMBO_TAG_P, GUMBO_TAG_DT}) || heading_level(tag);
}

// The number of the printed page, in the middle of a book's text.
bool is_page_break(const GumboElement& element) {
  return attribute(element, "role") == "doc-pagebreak" || attribute(element, "epub:type") == "pagebreak";
}

const GumboNode* heading_around(const GumboNode* node) {
  for (const GumboNode* at = node->parent; at && at->type == GUMBO_NODE_ELEMENT; at = at->parent) {
    if (heading_level(at->v.element.tag)) return at;
    if (is_block(at->v.element.tag)) break;
  }
  return nullptr;
}

}  // namespace

Judge::Judge(const GumboNode* root, const ParseOptions& options) : options_(options) {
  weigh(root, false);
  total_ = weights_[root].width;
}

bool Judge::hidden(const GumboElement& element) const { return !options_.show_hidden && is_hidden(element); }

const Weight& Judge::weight(const GumboNode* node) const {
  static const Weight kNothing;
  auto found = weights_.find(node);
  return found == weights_.end() ? kNothing : found->second;
}

Weight Judge::weigh(const GumboNode* node, bool in_link) {
  Weight weight;
  if (node->type == GUMBO_NODE_TEXT) {
    std::string_view text = ascii_trim(node->v.text.text);
    weight.width = static_cast<uint32_t>(text_width(text));
    weight.link_width = in_link ? weight.width : 0;
    weight.sentence = !in_link && weight.width >= 30 && ends_sentence(text);
    return weight;
  }
  if (node->type != GUMBO_NODE_ELEMENT && node->type != GUMBO_NODE_DOCUMENT) return weight;
  const GumboVector& children =
      node->type == GUMBO_NODE_DOCUMENT ? node->v.document.children : node->v.element.children;
  if (node->type == GUMBO_NODE_ELEMENT) {
    const GumboElement& element = node->v.element;
    if (never_shown(element.tag) || hidden(element)) return weights_[node] = weight;
    in_link = in_link || element.tag == GUMBO_TAG_A;
    bool commentary = name_hint(attribute(element, "class")) == NameHint::kStrong;
    weight.main = (is_semantic(element) && !commentary) || element.tag == GUMBO_TAG_H1;
  }
  for (unsigned i = 0; i < children.length; ++i) {
    auto* inner = static_cast<const GumboNode*>(children.data[i]);
    Weight child = weigh(inner, in_link);
    weight.width += child.width;
    weight.link_width += child.link_width;
    weight.main |= child.main;
    weight.sentence |= child.sentence;
    weight.structure |= child.structure || is_structure(inner);
  }
  return weights_[node] = weight;
}

bool Judge::drops(const GumboNode* node, bool inside_content) const {
  const GumboElement& element = node->v.element;
  if (never_shown(element.tag) || hidden(element) || is_permalink(node) || is_page_break(element)) return true;
  NameHint hint = std::max(name_hint(attribute(element, "class")), name_hint(attribute(element, "id")));
  if (hint == NameHint::kHidden && element.tag != GUMBO_TAG_BODY && element.tag != GUMBO_TAG_HTML) return true;
  if (options_.keep_all) return element.tag == GUMBO_TAG_NAV;
  const Weight& own = weight(node);
  bool page_itself = is_one_of(element.tag, {GUMBO_TAG_HTML, GUMBO_TAG_BODY, GUMBO_TAG_MAIN});
  if (page_itself || attribute(element, "role") == "main") return false;
  if (element.tag == GUMBO_TAG_NAV || is_boilerplate_role(attribute(element, "role")))
    return !own.main || own.width * 2 < total_;
  if (element.tag == GUMBO_TAG_ASIDE) return own.width * 10 < total_ * 8;
  if (element.tag == GUMBO_TAG_FOOTER) return own.width * 10 < total_ * 6;
  if (element.tag == GUMBO_TAG_HEADER && !inside_content) return !own.sentence || own.width * 4 < total_;
  if (element.tag == GUMBO_TAG_FORM) return own.width * 10 < total_ * 3 && !own.main;
  return drops_by_name(node, inside_content);
}

bool Judge::drops_by_name(const GumboNode* node, bool inside_content) const {
  const GumboElement& element = node->v.element;
  std::string_view class_name = attribute(element, "class"), id = attribute(element, "id");
  NameHint hint = std::max(name_hint(class_name), name_hint(id));
  const Weight& own = weight(node);
  // What a listing's classes say is for whoever colours it ("brush: c; toolbar: false").
  if (hint == NameHint::kNone || heading_level(element.tag) || element.tag == GUMBO_TAG_PRE) return false;
  // A heading that is one link: its words are the heading's, whatever the link is called.
  if (element.tag == GUMBO_TAG_A)
    if (const GumboNode* heading = heading_around(node); heading && own.width * 2 > weight(heading).width) return false;
  bool mostly_links = own.link_width * 10 >= own.width * 4;
  if (hint == NameHint::kStrong) {
    if (own.main && own.width * 4 > total_) return false;
    return own.width * 10 < total_ * 7 || mostly_links;
  }
  bool listing = is_one_of(
      element.tag, {GUMBO_TAG_UL, GUMBO_TAG_OL, GUMBO_TAG_LI, GUMBO_TAG_DL, GUMBO_TAG_TABLE, GUMBO_TAG_P, GUMBO_TAG_A});
  if (hint == NameHint::kShape && listing && inside_content) return false;
  bool content = names_content(class_name) || names_content(id);
  if (own.main || (content && own.sentence)) return false;
  return mostly_links || (!own.sentence && own.width < 120 && own.width * 3 < total_ && !own.structure);
}

}  // namespace malmoi::data::html
