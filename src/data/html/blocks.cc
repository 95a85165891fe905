#include "data/html/blocks.h"

#include <gumbo.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <unordered_map>
#include <utility>

#include "data/html/rules.h"

namespace malmoi::data::html {
namespace {

std::string_view attribute(const GumboElement& element, const char* name) {
  const GumboAttribute* a = gumbo_get_attribute(&element.attributes, name);
  return a ? std::string_view(a->value) : std::string_view();
}

bool has_attribute(const GumboElement& element, const char* name) {
  return gumbo_get_attribute(&element.attributes, name) != nullptr;
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
                    GUMBO_TAG_NOFRAMES, GUMBO_TAG_RT,       GUMBO_TAG_RP});
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
  for (char c : attribute(element, "style"))
    if (!std::isspace(static_cast<unsigned char>(c)))
      style += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
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

// What an element holds, gathered bottom-up before anything is decided.
struct Weight {
  uint32_t width = 0, link_width = 0;
  bool main = false;      // contains main, article or a first heading
  bool sentence = false;  // contains a text of some length that ends as a sentence
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
      std::string_view text = trimmed(node->v.text.text);
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
      Weight child = weigh(static_cast<const GumboNode*>(children.data[i]), in_link);
      weight.width += child.width, weight.link_width += child.link_width;
      weight.main |= child.main, weight.sentence |= child.sentence;
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
    if (hint == NameHint::kNone || heading_level(element.tag)) return hint == NameHint::kStrong && is_anchor_mark(node);
    bool mostly_links = weight.link_width * 10 >= weight.width * 4;
    if (hint == NameHint::kStrong) {
      if (weight.main && weight.width * 4 > total_) return false;
      return weight.width * 10 < total_ * 7 || mostly_links;
    }
    bool content = names_content(class_name) || names_content(id);
    if (weight.main || (content && weight.sentence)) return false;
    return mostly_links ||
           (!weight.sentence && weight.width < 120 && weight.width * 3 < total_ && !holds_structure(node));
  }

  static bool is_anchor_mark(const GumboNode* node) { return node->v.element.tag == GUMBO_TAG_A; }

  // Lists, tables, paragraphs and headings are not fragments.
  bool holds_structure(const GumboNode* node) const {
    const GumboVector& children = node->v.element.children;
    for (unsigned i = 0; i < children.length; ++i) {
      auto* child = static_cast<const GumboNode*>(children.data[i]);
      if (child->type != GUMBO_NODE_ELEMENT) continue;
      if (is_one_of(child->v.element.tag, {GUMBO_TAG_LI, GUMBO_TAG_TR, GUMBO_TAG_PRE, GUMBO_TAG_P, GUMBO_TAG_DT}) ||
          heading_level(child->v.element.tag) || holds_structure(child))
        return true;
    }
    return false;
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
        if (!add_data_table(node)) walk_children(element.children, self);
        break;
      default:
        if (int level = heading_level(element.tag)) kind_ = BlockKind::kHeading, level_ = level;
        walk_children(element.children, self);
    }
    flush();
    kind_ = outer_kind, level_ = outer_level;
  }

  static bool is_footnote_mark(const GumboNode* node) {
    std::string text = flat_text(node);
    return text.size() >= 2 && text.front() == '[' && text.back() == ']' && text.size() < 8;
  }

  // --- tables -------------------------------------------------------------------------------------------------------

  struct Table {
    std::vector<std::vector<const GumboNode*>> rows;
    bool header = false, nested = false;
  };

  static void collect_rows(const GumboNode* node, Table& table, bool in_cell) {
    const GumboVector& children = node->v.element.children;
    for (unsigned i = 0; i < children.length; ++i) {
      auto* child = static_cast<const GumboNode*>(children.data[i]);
      if (child->type != GUMBO_NODE_ELEMENT) continue;
      GumboTag tag = child->v.element.tag;
      if (tag == GUMBO_TAG_TABLE) table.nested = true;
      if (tag == GUMBO_TAG_TR && !in_cell) table.rows.emplace_back();
      bool cell = tag == GUMBO_TAG_TD || tag == GUMBO_TAG_TH;
      if (cell && !in_cell && !table.rows.empty()) {
        table.rows.back().push_back(child);
        table.header |= tag == GUMBO_TAG_TH;
      }
      if (tag != GUMBO_TAG_CAPTION) collect_rows(child, table, in_cell || cell);
    }
  }

  // A table of data becomes one block; a table for layout (nested, one column, or with long cells) does not.
  bool add_data_table(const GumboNode* node) {
    Table table;
    collect_rows(node, table, false);
    size_t columns = 0, cells = 0;
    for (const auto& row : table.rows) columns = std::max(columns, row.size()), cells += row.size();
    if (table.nested || columns < 2 || table.rows.empty()) return false;
    const Weight& weight = weights_[node];
    bool long_cells = cells == 0 || weight.width / cells > 300;
    if (!table.header && (long_cells || table.rows.size() < 2)) return false;
    std::vector<std::vector<std::string>> texts;
    for (const auto& row : table.rows) {
      texts.emplace_back();
      for (const GumboNode* cell : row) texts.back().push_back(shown_text(cell));
    }
    if (add_metadata_rows(texts)) return true;
    Block block;
    block.kind = BlockKind::kTable;
    for (const auto& row : texts) {
      bool empty = std::all_of(row.begin(), row.end(), [](const std::string& cell) { return cell.empty(); });
      if (empty) continue;
      if (!block.text.empty()) block.text += '\n';
      for (size_t i = 0; i < row.size(); ++i) (block.text += i ? "\t" : "") += row[i];
    }
    block.link_width = weight.link_width;
    push(std::move(block));
    return true;
  }

  // The head of a post in a notice board: rows of label and value. Only the title's value is content.
  bool add_metadata_rows(const std::vector<std::vector<std::string>>& rows) {
    size_t labels = 0, filled = 0;
    std::string title;
    for (const auto& row : rows) {
      for (size_t i = 0; i < row.size(); i += 2) {
        if (row[i].empty() && (i + 1 >= row.size() || row[i + 1].empty())) continue;
        ++filled;
        int label = metadata_label(row[i]);
        labels += label > 0;
        if (label == 1 && i + 1 < row.size()) title = row[i + 1];
      }
    }
    if (labels < 2 || labels * 3 < filled * 2) return false;
    if (!title.empty()) {
      Block block;
      block.kind = BlockKind::kTitleRow, block.level = 1, block.text = title;
      push(std::move(block));
    }
    return true;
  }

  std::string shown_text(const GumboNode* node) {
    std::string out;
    append_shown(node, out);
    return collapse(out);
  }

  void append_shown(const GumboNode* node, std::string& out) {
    if (node->type == GUMBO_NODE_TEXT || node->type == GUMBO_NODE_WHITESPACE || node->type == GUMBO_NODE_CDATA) {
      out += node->v.text.text;
      return;
    }
    if (node->type != GUMBO_NODE_ELEMENT) return;
    const GumboElement& element = node->v.element;
    if (never_shown(element.tag) || hidden(element)) return;
    if (element.tag == GUMBO_TAG_BR || is_block(element.tag)) out += ' ';
    for (unsigned i = 0; i < element.children.length; ++i)
      append_shown(static_cast<const GumboNode*>(element.children.data[i]), out);
    if (is_block(element.tag)) out += ' ';
  }

  static std::string flat_text(const GumboNode* node) {
    if (node->type == GUMBO_NODE_TEXT) return node->v.text.text;
    std::string out;
    if (node->type != GUMBO_NODE_ELEMENT) return out;
    for (unsigned i = 0; i < node->v.element.children.length && out.size() < 64; ++i)
      out += flat_text(static_cast<const GumboNode*>(node->v.element.children.data[i]));
    return out;
  }

  // --- text of the block being filled ---------------------------------------------------------------------------------

  static std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kSpace = " \t\n\r\f\v";
    size_t begin = text.find_first_not_of(kSpace);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
  }

  static std::string collapse(std::string_view text) {
    std::string out;
    for (char c : text) {
      bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
      if (!space) out += c;
      else if (!out.empty() && out.back() != ' ') out += ' ';
    }
    if (!out.empty() && out.back() == ' ') out.pop_back();
    return out;
  }

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
    if (in_link_ > 0) link_width_ += text_width(trimmed(std::string_view(markup_).substr(before)));
    if (!trimmed(text).empty()) breaks_ = 0;
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
      block.text = trimmed(text_);
      std::string_view markup = trimmed(markup_);
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

// Elements that close by themselves, so that an unclosed one does not nest.
bool closes_itself(std::string_view name) {
  for (std::string_view other : {"p",     "li",    "td",     "tr",  "th",   "dt",   "dd",    "option", "tbody", "thead",
                                 "tfoot", "br",    "img",    "hr",  "meta", "link", "input", "area",   "base",  "col",
                                 "embed", "param", "source", "wbr", "html", "head", "body",  "rt",     "rp"})
    if (name == other) return true;
  return false;
}

}  // namespace

bool nests_deeper(std::string_view html, size_t limit) {
  std::unordered_map<std::string, size_t> open;
  size_t depth = 0;
  for (size_t at = html.find('<'); at != std::string_view::npos; at = html.find('<', at + 1)) {
    bool closing = at + 1 < html.size() && html[at + 1] == '/';
    size_t begin = at + 1 + closing, end = begin;
    while (end < html.size() &&
           (std::isalnum(static_cast<unsigned char>(html[end])) || html[end] == '-' || html[end] == ':'))
      ++end;
    if (end == begin || !std::isalpha(static_cast<unsigned char>(html[begin])) || end - begin > 64) continue;
    std::string name(html.substr(begin, end - begin));
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (closes_itself(name)) continue;
    size_t& count = open[name];
    if (!closing) {
      ++count;
      if (++depth > limit) return true;
    } else if (count > 0) {
      --count, --depth;
    }
  }
  return false;
}

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

std::string strip_tags(std::string_view html) {
  std::string out;
  bool in_tag = false;
  for (size_t i = 0; i < html.size(); ++i) {
    char c = html[i];
    if (c == '<') in_tag = true;
    else if (c == '>' && in_tag) in_tag = false, out += out.empty() || out.back() == '\n' ? "" : "\n";
    else if (!in_tag && !((c == ' ' || c == '\n' || c == '\r' || c == '\t') &&
                          (out.empty() || std::isspace(static_cast<unsigned char>(out.back())))))
      out += c == '\r' ? '\n' : c;
  }
  return out;
}

}  // namespace malmoi::data::html
