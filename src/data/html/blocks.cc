#include "data/html/blocks.h"

#include <gumbo.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/ascii.h"
#include "data/html/code.h"
#include "data/html/dom.h"
#include "data/html/formula.h"
#include "data/html/judge.h"
#include "data/html/lists.h"
#include "data/html/rules.h"
#include "data/html/tables.h"
#include "data/readers/markdown.h"

namespace malmoi::data::html {
namespace {

class Walker {
 public:
  Walker(const GumboNode* root, const ParseOptions& options, Page& page)
      : show_hidden_(options.show_hidden), judge_(root, options), page_(page) {
    page_.elements.push_back({});
    walk(root, 0);
    flush();
  }

 private:
  void walk(const GumboNode* node, uint32_t parent) {
    if (node->type == GUMBO_NODE_TEXT || node->type == GUMBO_NODE_WHITESPACE || node->type == GUMBO_NODE_CDATA) {
      add_text(node->v.text.text);
      return;
    }
    if (node->type == GUMBO_NODE_DOCUMENT) {
      walk_children(node->v.document.children, parent);
      return;
    }
    if (node->type != GUMBO_NODE_ELEMENT) return;
    // Before anything is judged: the better copy of a formula is often the hidden one.
    if (auto formula = read_formula(node)) return add_formula(*formula);
    const GumboElement& element = node->v.element;
    if (judge_.drops(node, inside_content_)) {
      if (is_block(element.tag)) flush();
      return;
    }
    if (element.tag == GUMBO_TAG_BR) return line_break();
    if (element.tag == GUMBO_TAG_IMG || element.tag == GUMBO_TAG_WBR) return;
    if (!is_block(element.tag)) return walk_inline(node, parent);
    if (in_pre_ && !holds_tables(element.tag)) return walk_line(node, parent);
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

  static bool holds_tables(GumboTag tag) {
    return is_one_of(tag, {GUMBO_TAG_TABLE, GUMBO_TAG_TBODY, GUMBO_TAG_TR, GUMBO_TAG_TD, GUMBO_TAG_PRE});
  }

  // A line of a listing, where each is an element of its own.
  void walk_line(const GumboNode* node, uint32_t parent) {
    if (!text_.empty() && text_.back() != '\n') line_break();
    line_ended_ = false;
    walk_children(node->v.element.children, parent);
    line_ended_ = true;
  }

  void walk_inline(const GumboNode* node, uint32_t parent) {
    const GumboElement& element = node->v.element;
    if (in_pre_ && is_line_number(node)) return;
    if (element.tag == GUMBO_TAG_SUP && is_footnote_mark(node)) return;
    if (element.tag == GUMBO_TAG_RT) return add_reading(node);
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
      case GUMBO_TAG_OL: walk_list(node, self); break;
      case GUMBO_TAG_LI: walk_item(node, self); break;
      case GUMBO_TAG_DT:
      case GUMBO_TAG_SUMMARY:
      case GUMBO_TAG_DD: walk_children(element.children, self); break;
      case GUMBO_TAG_PRE:
        kind_ = BlockKind::kCode;
        language_ = code_language(node);
        ++in_pre_;
        walk_children(element.children, self);
        flush();
        --in_pre_;
        break;
      case GUMBO_TAG_BLOCKQUOTE:
        if (kind_ == BlockKind::kText || (kind_ == BlockKind::kItem && item_marked_)) kind_ = BlockKind::kQuote;
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
        if (int level = heading_level(element.tag)) {
          kind_ = BlockKind::kHeading;
          level_ = level;
        }
        walk_children(element.children, self);
    }
    flush();
    kind_ = outer_kind;
    level_ = outer_level;
  }

  void walk_list(const GumboNode* node, uint32_t self) {
    uint32_t outer_group = group_;
    if (lists_.empty()) group_ = self;
    lists_.push_back(begin_list(node->v.element));
    walk_children(node->v.element.children, self);
    flush();
    lists_.pop_back();
    group_ = outer_group;
  }

  void walk_item(const GumboNode* node, uint32_t self) {
    static constexpr List kNone;
    kind_ = BlockKind::kItem;
    level_ = lists_.empty() ? 0 : static_cast<int>(lists_.size()) - 1;
    if (!lists_.empty()) begin_item(node->v.element, lists_.back());
    item_ = lists_.empty() ? kNone : lists_.back();
    item_marked_ = false;
    walk_children(node->v.element.children, self);
    flush();
    if (!lists_.empty()) lists_.back().number += lists_.back().step;
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
    block.text = join_rows(table, text);
    block.link_width = judge_.weight(node).link_width;
    push(std::move(block));
    return true;
  }

  void add_post(const PostHead& head, uint32_t self) {
    if (!head.title.empty()) {
      Block block;
      block.kind = BlockKind::kTitleRow;
      block.level = 1;
      block.text = head.title;
      push(std::move(block));
    }
    for (const GumboNode* cell : head.content) walk(cell, self);
  }

  // --- text of the block being filled ---------------------------------------------------------------------------------

  void add_text(std::string_view text) {
    size_t before = markup_.size();
    if (in_pre_) {
      if (std::exchange(line_ended_, false) && !text.starts_with('\n') && !text_.ends_with('\n')) line_break();
      text_ += text;
      markup_ += text;
    } else {
      for (char c : text) {
        bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
        if (space && (text_.empty() || text_.back() == ' ' || text_.back() == '\n')) continue;
        text_ += space ? ' ' : c;
        markup_ += space ? ' ' : c;
      }
    }
    if (in_link_ > 0) link_width_ += text_width(ascii_trim(std::string_view(markup_).substr(before)));
    if (!ascii_trim(text).empty()) breaks_ = 0;
  }

  // TeX stands as it is in plain text.
  void add_formula(const Formula& formula) {
    if (formula.tex.empty()) return;
    if (in_pre_) return add_text(formula.tex);
    // Drawn, and said again for those who cannot see it.
    if (std::string_view(ascii_trim(markup_)).ends_with(formula_markup(formula))) return;
    text_ += formula.tex;
    markup_ += formula_markup(formula);
    breaks_ = 0;
  }

  // As browsers without ruby show it: the reading in parentheses behind what it is of.
  void add_reading(const GumboNode* node) {
    std::string text = text_within(node);
    std::string_view reading = ascii_trim(text);
    if (!reading.empty()) add_text("(" + std::string(reading) + ")");
  }

  void open_code() {
    code_begin_ = markup_.size();
    markup_ += '`';
  }

  void close_code() {
    if (code_begin_ >= markup_.size()) return;  // a block began within
    std::string code = markup_.substr(code_begin_ + 1);
    markup_.resize(code_begin_);
    if (code.empty()) return;
    markup_ += inline_code(code);
  }

  // One <br> is a line's end, two are a paragraph's.
  void line_break() {
    if (in_pre_) {
      text_ += '\n';
      markup_ += '\n';
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
    block.kind = kind_;
    block.level = level_;
    block.link_width = link_width_;
    bool filled = !block.text.empty();
    if (kind_ == BlockKind::kItem) {
      // Only the first block of an item carries its mark.
      if (item_marked_) {
        block.kind = BlockKind::kText;
      } else {
        block.ordered = item_.ordered;
        block.number = item_.number;
      }
      item_marked_ = item_marked_ || filled;
    }
    if (kind_ == BlockKind::kCode) block.language = language_;
    text_.clear();
    markup_.clear();
    link_width_ = 0;
    line_ended_ = false;
    push(std::move(block));
  }

  void push(Block block) {
    if (block.text.empty() || (block.kind == BlockKind::kCode && is_line_numbers(block.text))) return;
    block.group = lists_.empty() ? element_ : group_;
    block.element = element_;
    block.inside_content = inside_content_;
    block.width = text_width(block.text);
    block.link_width = std::min(block.link_width, block.width);
    page_.blocks.push_back(std::move(block));
  }

  bool show_hidden_;
  Judge judge_;
  Page& page_;

  uint32_t element_ = 0;
  bool inside_content_ = false;
  BlockKind kind_ = BlockKind::kText;
  int level_ = 0, in_pre_ = 0, in_link_ = 0, breaks_ = 0;
  bool line_ended_ = false;  // of a listing, with its element
  size_t code_begin_ = 0;    // in markup_
  std::vector<List> lists_;  // around what is read
  List item_;
  bool item_marked_ = false;  // its first block has been read
  uint32_t group_ = 0;
  std::string text_, markup_, language_;
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

Page list_blocks(const Tree& tree, const ParseOptions& options) {
  Page page;
  if (!tree.root()) return page;
  read_head(tree.root(), page);
  Walker(tree.root(), options, page);
  return page;
}

}  // namespace malmoi::data::html
