#include "data/html/blocks.h"

#include <gumbo.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <unordered_map>
#include <utility>

#include "base/ascii.h"
#include "data/html/dom.h"
#include "data/html/rules.h"
#include "data/html/tables.h"

namespace malmoi::data::html {
namespace {

// What an element holds, gathered bottom-up before anything is decided.
struct Weight {
  uint32_t width = 0, link_width = 0;
  bool main = false;       // contains main, article or a first heading
  bool sentence = false;   // contains a text of some length that ends as a sentence
  bool structure = false;  // contains lists, tables, paragraphs or headings, which are not fragments
};

class Walker {
 public:
  Walker(const GumboNode* root, const ParseOptions& options, Page& page)
      : keep_all_(options.keep_all), show_hidden_(options.show_hidden), page_(page) {
    weigh(root, false);
    total_ = weights_[root].width;
    page_.elements.push_back({});
    walk(root, 0);
    flush();
  }

 private:
  // --- first pass ---------------------------------------------------------------------------------------------------

  Weight weigh(const GumboNode* node, bool in_link) {
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
      weight.width += child.width, weight.link_width += child.link_width;
      weight.main |= child.main, weight.sentence |= child.sentence;
      weight.structure |= child.structure || is_structure(inner);
    }
    return weights_[node] = weight;
  }

  // --- decisions ----------------------------------------------------------------------------------------------------

  bool dropped(const GumboNode* node) {
    const GumboElement& element = node->v.element;
    if (never_shown(element.tag)) return true;
    if (hidden(element)) return true;
    std::string_view class_name = attribute(element, "class"), id = attribute(element, "id");
    NameHint hint = std::max(name_hint(class_name), name_hint(id));
    if (hint == NameHint::kHidden && element.tag != GUMBO_TAG_BODY && element.tag != GUMBO_TAG_HTML) return true;
    if (keep_all_) return element.tag == GUMBO_TAG_NAV;
    const Weight& weight = weights_[node];
    bool page_itself = is_one_of(element.tag, {GUMBO_TAG_HTML, GUMBO_TAG_BODY, GUMBO_TAG_MAIN});
    if (page_itself || attribute(element, "role") == "main") return false;
    if (element.tag == GUMBO_TAG_NAV || is_boilerplate_role(attribute(element, "role")))
      return !weight.main || weight.width * 2 < total_;
    if (element.tag == GUMBO_TAG_ASIDE) return weight.width * 10 < total_ * 8;
    if (element.tag == GUMBO_TAG_FOOTER) return weight.width * 10 < total_ * 6;
    if (element.tag == GUMBO_TAG_HEADER && !inside_content_) return !weight.sentence || weight.width * 4 < total_;
    if (element.tag == GUMBO_TAG_FORM) return weight.width * 10 < total_ * 3 && !weight.main;
    if (hint == NameHint::kNone || heading_level(element.tag))
      return hint == NameHint::kStrong && element.tag == GUMBO_TAG_A;
    bool mostly_links = weight.link_width * 10 >= weight.width * 4;
    if (hint == NameHint::kStrong) {
      if (weight.main && weight.width * 4 > total_) return false;
      return weight.width * 10 < total_ * 7 || mostly_links;
    }
    bool content = names_content(class_name) || names_content(id);
    if (weight.main || (content && weight.sentence)) return false;
    return mostly_links || (!weight.sentence && weight.width < 120 && weight.width * 3 < total_ && !weight.structure);
  }

  static bool is_structure(const GumboNode* node) {
    if (node->type != GUMBO_NODE_ELEMENT) return false;
    GumboTag tag = node->v.element.tag;
    return is_one_of(tag, {GUMBO_TAG_LI, GUMBO_TAG_TR, GUMBO_TAG_PRE, GUMBO_TAG_P, GUMBO_TAG_DT}) || heading_level(tag);
  }

  // --- second pass --------------------------------------------------------------------------------------------------

  void walk(const GumboNode* node, uint32_t parent) {
    if (node->type == GUMBO_NODE_TEXT || node->type == GUMBO_NODE_WHITESPACE || node->type == GUMBO_NODE_CDATA) {
      add_text(node->v.text.text);
      return;
    }
    if (node->type == GUMBO_NODE_DOCUMENT) {
      walk_children(node->v.document.children, parent);
      return;
    }
    if (node->type != GUMBO_NODE_ELEMENT || dropped(node)) {
      if (node->type == GUMBO_NODE_ELEMENT && is_block(node->v.element.tag)) flush();
      return;
    }
    const GumboElement& element = node->v.element;
    if (element.tag == GUMBO_TAG_BR) return line_break();
    if (element.tag == GUMBO_TAG_IMG || element.tag == GUMBO_TAG_WBR) return;
    if (!is_block(element.tag)) return walk_inline(node, parent);
    flush();
    auto self = static_cast<uint32_t>(page_.elements.size());
    page_.elements.push_back({parent, is_semantic(element)});
    uint32_t outer_element = std::exchange(element_, self);
    bool outer_content = std::exchange(inside_content_, inside_content_ || is_semantic(element));
    walk_block(node, self);
    flush();
    element_ = outer_element;
    inside_content_ = outer_content;
  }

  void walk_children(const GumboVector& children, uint32_t parent) {
    for (unsigned i = 0; i < children.length; ++i) walk(static_cast<const GumboNode*>(children.data[i]), parent);
  }

  void walk_inline(const GumboNode* node, uint32_t parent) {
    const GumboElement& element = node->v.element;
    if (element.tag == GUMBO_TAG_SUP && is_footnote_mark(node)) return;
    bool link = element.tag == GUMBO_TAG_A,
         code = is_one_of(element.tag, {GUMBO_TAG_CODE, GUMBO_TAG_KBD, GUMBO_TAG_SAMP, GUMBO_TAG_TT}) && !in_pre_;
    in_link_ += link;
    if (code) open_code();
    if (element.tag == GUMBO_TAG_Q) add_text("\"");
    walk_children(element.children, parent);
    if (element.tag == GUMBO_TAG_Q) add_text("\"");
    if (code) close_code();
    in_link_ -= link;
  }

  void walk_block(const GumboNode* node, uint32_t self) {
    const GumboElement& element = node->v.element;
    BlockKind outer_kind = kind_;
    int outer_level = level_;
    switch (element.tag) {
      case GUMBO_TAG_UL:
      case GUMBO_TAG_OL: {
        int outer_number = std::exchange(number_, element.tag == GUMBO_TAG_OL ? 1 : 0);
        ++list_depth_;
        walk_children(element.children, self);
        --list_depth_;
        number_ = outer_number;
        break;
      }
      case GUMBO_TAG_LI:
        kind_ = BlockKind::kItem, level_ = std::max(0, list_depth_ - 1), item_number_ = number_;
        walk_children(element.children, self);
        flush();
        if (number_ > 0) ++number_;
        break;
      case GUMBO_TAG_DT:
      case GUMBO_TAG_SUMMARY:
      case GUMBO_TAG_DD: walk_children(element.children, self); break;
      case GUMBO_TAG_PRE:
        kind_ = BlockKind::kCode;
        ++in_pre_;
        walk_children(element.children, self);
        flush();
        --in_pre_;
        break;
      case GUMBO_TAG_BLOCKQUOTE:
        if (kind_ == BlockKind::kText) kind_ = BlockKind::kQuote;
        walk_children(element.children, self);
        break;
      case GUMBO_TAG_FIGCAPTION:
      case GUMBO_TAG_CAPTION:
        kind_ = BlockKind::kCaption;
        walk_children(element.children, self);
        break;
      case GUMBO_TAG_TABLE:
        if (!add_table(node, self)) walk_children(element.children, self);
        break;
      default:
        if (int level = heading_level(element.tag)) kind_ = BlockKind::kHeading, level_ = level;
        walk_children(element.children, self);
    }
    flush();
    kind_ = outer_kind, level_ = outer_level;
  }

  static bool is_footnote_mark(const GumboNode* node) {
    std::string text = first_text(node);
    return text.size() >= 2 && text.front() == '[' && text.back() == ']' && text.size() < 8;
  }

  // A table of data becomes one block; the head of a post its title and what it holds; a table for layout (nested, one
  // column, or with long cells) is left to its cells.
  bool add_table(const GumboNode* node, uint32_t self) {
    Table table = read_table(node);
    if (table.columns < 2 || table.rows.empty() || (table.nested && table.cells > 64)) return false;
    TableText text = table_text(table, show_hidden_);
    if (PostHead head = read_post_head(table, text); head.found) {
      add_post(head, self);
      return true;
    }
    if (lays_out(table, text)) return false;
    Block block;
    block.kind = BlockKind::kTable;
    block.text = join_rows(text);
    block.link_width = weights_[node].link_width;
    push(std::move(block));
    return true;
  }

  void add_post(const PostHead& head, uint32_t self) {
    if (!head.title.empty()) {
      Block block;
      block.kind = BlockKind::kTitleRow, block.level = 1, block.text = head.title;
      push(std::move(block));
    }
    for (const GumboNode* cell : head.content) walk(cell, self);
  }

  // --- text of the block being filled ---------------------------------------------------------------------------------

  void add_text(std::string_view text) {
    size_t before = markup_.size();
    if (in_pre_) {
      text_ += text, markup_ += text;
    } else {
      for (char c : text) {
        bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
        if (space && (text_.empty() || text_.back() == ' ' || text_.back() == '\n')) continue;
        text_ += space ? ' ' : c, markup_ += space ? ' ' : c;
      }
    }
    if (in_link_ > 0) link_width_ += text_width(ascii_trim(std::string_view(markup_).substr(before)));
    if (!ascii_trim(text).empty()) breaks_ = 0;
  }

  void open_code() { markup_ += '`'; }
  void close_code() {
    if (!markup_.empty() && markup_.back() == '`') markup_.pop_back();  // nothing inside
    else markup_ += '`';
  }

  // One <br> is a line's end, two are a paragraph's.
  void line_break() {
    if (in_pre_) {
      text_ += '\n', markup_ += '\n';
      return;
    }
    if (++breaks_ >= 2) {
      flush();
      return;
    }
    for (std::string* out : {&text_, &markup_}) {
      while (!out->empty() && out->back() == ' ') out->pop_back();
      if (!out->empty()) *out += '\n';
    }
  }

  void flush() {
    breaks_ = 0;
    Block block;
    if (in_pre_) {
      std::string_view code = text_;
      while (code.starts_with('\n')) code.remove_prefix(1);
      while (!code.empty() && std::isspace(static_cast<unsigned char>(code.back()))) code.remove_suffix(1);
      block.text = code;
    } else {
      block.text = ascii_trim(text_);
      std::string_view markup = ascii_trim(markup_);
      if (markup != block.text) block.markup = markup;
    }
    block.kind = kind_, block.level = level_;
    block.link_width = link_width_;
    if (kind_ == BlockKind::kItem) block.number = item_number_;
    text_.clear(), markup_.clear();
    link_width_ = 0;
    bool filled = !block.text.empty();
    push(std::move(block));
    // Only the first block of an item carries its mark.
    if (kind_ == BlockKind::kItem && filled) kind_ = BlockKind::kText;
  }

  void push(Block block) {
    if (block.text.empty()) return;
    block.element = element_;
    block.inside_content = inside_content_;
    block.width = text_width(block.text);
    block.link_width = std::min(block.link_width, block.width);
    page_.blocks.push_back(std::move(block));
  }

  bool hidden(const GumboElement& element) const { return !show_hidden_ && is_hidden(element); }

  bool keep_all_, show_hidden_;
  Page& page_;
  std::unordered_map<const GumboNode*, Weight> weights_;
  uint32_t total_ = 0;

  uint32_t element_ = 0;
  bool inside_content_ = false;
  BlockKind kind_ = BlockKind::kText;
  int level_ = 0, list_depth_ = 0, number_ = 0, item_number_ = 0, in_pre_ = 0, in_link_ = 0, breaks_ = 0;
  std::string text_, markup_;
  size_t link_width_ = 0;
};

void read_head(const GumboNode* root, Page& page) {
  if (root->type != GUMBO_NODE_ELEMENT) return;
  page.language = attribute(root->v.element, "lang");
  const GumboVector& children = root->v.element.children;
  for (unsigned i = 0; i < children.length; ++i) {
    auto* child = static_cast<const GumboNode*>(children.data[i]);
    if (child->type != GUMBO_NODE_ELEMENT || child->v.element.tag != GUMBO_TAG_HEAD) continue;
    for (unsigned j = 0; j < child->v.element.children.length; ++j) {
      auto* entry = static_cast<const GumboNode*>(child->v.element.children.data[j]);
      if (entry->type != GUMBO_NODE_ELEMENT || entry->v.element.tag != GUMBO_TAG_TITLE ||
          entry->v.element.children.length == 0)
        continue;
      auto* text = static_cast<const GumboNode*>(entry->v.element.children.data[0]);
      if (text->type == GUMBO_NODE_TEXT) page.title = text->v.text.text;
    }
  }
}

}  // namespace

Page parse_page(std::string_view html, const ParseOptions& parse) {
  Page page;
  GumboOptions options = kGumboDefaultOptions;
  options.max_errors = 0;
  auto destroy = [&options](GumboOutput* output) { gumbo_destroy_output(&options, output); };
  std::unique_ptr<GumboOutput, decltype(destroy)> output(gumbo_parse_with_options(&options, html.data(), html.size()),
                                                         destroy);
  if (!output || !output->root) return page;
  read_head(output->root, page);
  Walker(output->root, parse, page);
  return page;
}

}  // namespace malmoi::data::html
