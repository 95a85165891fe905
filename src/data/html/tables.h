// Tables of a page: those of data, the heads of posts in notice boards, and those that only lay out.
#pragma once

#include <gumbo.h>

#include <string>
#include <vector>

namespace malmoi::data::html {

struct Table {
  std::vector<std::vector<const GumboNode*>> rows;  // cells
  bool header = false;                              // some cell is a <th>
  bool nested = false;                              // a cell holds another table
  size_t columns = 0, cells = 0;
};
Table read_table(const GumboNode* node);

/// The head of a post: rows of label and value. Of these only the title's value is content, and the cells that hold the
/// post itself.
struct PostHead {
  bool found = false;
  std::string title;
  std::vector<const GumboNode*> content;
};

using TableText = std::vector<std::vector<std::string>>;
TableText table_text(const Table& table, bool show_hidden);
/// A table that only lays out a page: nested, of one row, or with cells that hold passages.
bool lays_out(const Table& table, const TableText& text);
PostHead read_post_head(const Table& table, const TableText& text);
/// Rows by '\n', cells by '\t'; empty rows left out. A merged cell's text stands in its first place, the others are empty.
std::string join_rows(const Table& table, const TableText& text);

}  // namespace malmoi::data::html
