#include "data/html/tables.h"

#include <algorithm>

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

std::string join_rows(const TableText& text) {
  std::string out;
  for (const auto& row : text) {
    bool empty = std::all_of(row.begin(), row.end(), [](const std::string& cell) { return cell.empty(); });
    if (empty) continue;
    if (!out.empty()) out += '\n';
    for (size_t i = 0; i < row.size(); ++i) (out += i ? "\t" : "") += row[i];
  }
  return out;
}

}  // namespace malmoi::data::html
