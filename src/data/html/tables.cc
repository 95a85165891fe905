#include "data/html/tables.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "base/ascii.h"
#include "data/html/dom.h"
#include "data/html/rules.h"

namespace malmoi::data::html {
namespace {

void collect_rows(const GumboNode* node, Table& table, bool in_cell) {
  const GumboVector& children = node->v.element.children;
  for (unsigned i = 0; i < children.length; ++i) {
    auto* child = static_cast<const GumboNode*>(children.data[i]);
    if (child->type != GUMBO_NODE_ELEMENT) continue;
    GumboTag tag = child->v.element.tag;
    if (tag == GUMBO_TAG_TABLE) {
      table.nested = true;  // read for itself, so that nesting costs nothing here
      continue;
    }
    if (tag == GUMBO_TAG_TR && !in_cell) table.rows.emplace_back();
    bool cell = tag == GUMBO_TAG_TD || tag == GUMBO_TAG_TH;
    if (cell && !in_cell && !table.rows.empty()) {
      table.rows.back().push_back(child);
      table.header |= tag == GUMBO_TAG_TH;
    }
    if (tag != GUMBO_TAG_CAPTION) collect_rows(child, table, in_cell || cell);
  }
}

// The places where a cell's text breaks into lines or paragraphs, up to three.
size_t count_breaks(const GumboNode* node) {
  size_t breaks = 0;
  const GumboVector& children = node->v.element.children;
  for (unsigned i = 0; i < children.length && breaks < 3; ++i) {
    auto* child = static_cast<const GumboNode*>(children.data[i]);
    if (child->type != GUMBO_NODE_ELEMENT) continue;
    GumboTag tag = child->v.element.tag;
    breaks += tag == GUMBO_TAG_BR || tag == GUMBO_TAG_P || tag == GUMBO_TAG_DIV || heading_level(tag);
    breaks += count_breaks(child);
  }
  return std::min<size_t>(breaks, 3);
}

// How many columns or rows a cell takes. More than any table has would be a bomb.
constexpr size_t kMaxSpan = 64;

size_t span(const GumboNode* cell, const char* name) {
  std::string_view text = ascii_trim(attribute(cell->v.element, name));
  size_t value = 1;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return std::clamp<size_t>(value, 1, kMaxSpan);
}

// The cell that holds a post: long, or prose of some length.
bool holds_post(const std::string& cell) {
  size_t width = text_width(cell);
  return width >= 160 || (width >= 60 && ends_sentence(cell));
}

}  // namespace

Table read_table(const GumboNode* node) {
  Table table;
  collect_rows(node, table, false);
  for (const auto& row : table.rows) {
    table.columns = std::max(table.columns, row.size());
    table.cells += row.size();
  }
  return table;
}

TableText table_text(const Table& table, bool show_hidden) {
  TableText text;
  for (const auto& row : table.rows) {
    text.emplace_back();
    for (const GumboNode* cell : row) text.back().push_back(shown_text(cell, show_hidden));
  }
  return text;
}

bool lays_out(const Table& table, const TableText& text) {
  if (table.nested || table.cells == 0) return true;
  size_t width = 0;
  for (const auto& row : text)
    for (const std::string& cell : row) width += text_width(cell);
  if (!table.header && (width / table.cells > 300 || table.rows.size() < 2)) return true;
  if (table.header) return false;
  for (size_t r = 0; r < text.size(); ++r)
    for (size_t i = 0; i < text[r].size(); ++i)
      if (text_width(text[r][i]) >= 150 && count_breaks(table.rows[r][i]) >= 3) return true;
  return false;
}

PostHead read_post_head(const Table& table, const TableText& text) {
  PostHead head;
  size_t labels = 0, filled = 0;
  for (size_t r = 0; r < text.size(); ++r) {
    const auto& row = text[r];
    if (row.size() == 1 && metadata_label(row[0]) == 0) {
      if (holds_post(row[0])) head.content.push_back(table.rows[r][0]);
      else filled += !row[0].empty();
      continue;
    }
    for (size_t i = 0; i < row.size(); i += 2) {
      bool pair = i + 1 < row.size();
      if (row[i].empty() && (!pair || row[i + 1].empty())) continue;
      ++filled;
      int label = metadata_label(row[i]);
      labels += label > 0;
      if (label == 1 && pair) head.title = row[i + 1];
      else if (label > 0 && pair && holds_post(row[i + 1])) head.content.push_back(table.rows[r][i + 1]);
    }
  }
  head.found = labels >= 2 && labels * 3 >= filled * 2;
  return head;
}

std::string join_rows(const Table& table, const TableText& text) {
  std::vector<TableText::value_type> rows;
  std::vector<size_t> held;  // per column: for how many rows a cell from above still reaches into it
  size_t columns = 0;
  for (size_t r = 0; r < text.size(); ++r) {
    auto& row = rows.emplace_back();
    auto skip_held = [&] {
      for (; row.size() < held.size() && held[row.size()] > 0; row.emplace_back()) --held[row.size()];
    };
    for (size_t i = 0; i < text[r].size(); ++i) {
      skip_held();
      size_t across = span(table.rows[r][i], "colspan"), down = span(table.rows[r][i], "rowspan");
      for (size_t k = 0; k < across; ++k) {
        size_t column = row.size();
        row.push_back(k == 0 ? text[r][i] : std::string());
        if (down > 1 && column < kMaxSpan) {
          held.resize(std::max(held.size(), column + 1));
          held[column] = down - 1;
        }
      }
    }
    for (; row.size() < held.size(); row.emplace_back())
      if (held[row.size()] > 0) --held[row.size()];
    while (!row.empty() && row.back().empty()) row.pop_back();
    columns = std::max(columns, row.size());
  }
  std::string out;
  for (auto& row : rows) {
    if (row.empty()) continue;
    if (out.empty()) row.resize(columns);  // the head says how many columns there are
    else out += '\n';
    for (size_t i = 0; i < row.size(); ++i) (out += i ? "\t" : "") += row[i];
  }
  return out;
}

}  // namespace malmoi::data::html
