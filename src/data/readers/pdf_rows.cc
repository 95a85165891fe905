#include "data/readers/pdf_rows.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

namespace malmoi::data {
namespace {

// Shares of a line's height.
constexpr float kSameRow = 0.4f;  // between the tops of cells of one row
constexpr float kRowStep = 3;     // between rows of one table
constexpr float kWideText = 15;   // that no cell of a table of two rows has
// Others.
constexpr float kFilledText = 0.7f;  // of the widest line of a column by the others, where it is text
constexpr size_t kTextLines = 3;     // side by side, where columns are text

using Row = std::vector<size_t>;  // lines, from left to right

std::vector<Row> rows_of(const std::vector<PdfLine>& lines, size_t begin, size_t end) {
  std::vector<size_t> order;
  for (size_t i = begin; i < end; ++i) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return lines[a].top < lines[b].top; });
  std::vector<Row> rows;
  for (size_t i : order) {
    bool same = !rows.empty() && lines[i].upright && lines[rows.back()[0]].upright &&
                lines[i].top - lines[rows.back()[0]].top < kSameRow * lines[i].height();
    if (!same) rows.emplace_back();
    rows.back().push_back(i);
  }
  for (Row& row : rows)
    std::stable_sort(row.begin(), row.end(), [&](size_t a, size_t b) { return lines[a].left < lines[b].left; });
  return rows;
}

// Whether rows [begin, end) are a table, not columns of text.
bool is_table(const std::vector<PdfLine>& lines, const std::vector<Row>& rows, size_t begin, size_t end) {
  // One row alone: where it is read on from left to right, it is one line with a gap.
  if (end - begin == 1) {
    for (size_t i = 1; i < rows[begin].size(); ++i)
      if (rows[begin][i] != rows[begin][i - 1] + 1) return false;
    return true;
  }
  std::vector<std::vector<float>> columns;  // widths of their lines, in the height of a line
  for (size_t r = begin; r < end; ++r) {
    columns.resize(std::max(columns.size(), rows[r].size()));
    for (size_t i = 0; i < rows[r].size(); ++i) {
      const PdfLine& cell = lines[rows[r][i]];
      columns[i].push_back((cell.right - cell.left) / std::max(cell.height(), 1.0f));
    }
  }
  float narrowest = kWideText;
  for (std::vector<float>& widths : columns) {
    // The widest, not the column's share of the page: a wide gutter says nothing.
    float widest = *std::max_element(widths.begin(), widths.end()), usual = median(widths);
    if (usual < kTextWidth || usual < kFilledText * widest) return true;
    narrowest = std::min(narrowest, usual);
  }
  return end - begin < kTextLines && narrowest < kWideText;
}

PdfLine joined(const std::vector<PdfLine>& lines, const Row& row) {
  PdfLine out = lines[row[0]];
  out.row = true;
  for (size_t i = 1; i < row.size(); ++i) {
    const PdfLine& cell = lines[row[i]];
    (out.text += ' ') += cell.text;
    out.right = std::max(out.right, cell.right);
    out.top = std::min(out.top, cell.top);
    out.bottom = std::max(out.bottom, cell.bottom);
  }
  return out;
}

// One page's lines, with each table in the place of its first cell in reading order.
void join_page(const std::vector<PdfLine>& lines, size_t begin, size_t end, std::vector<PdfLine>& out) {
  std::vector<Row> rows = rows_of(lines, begin, end);
  std::vector<size_t> table_of(end - begin, SIZE_MAX);  // by line: the first row of its table
  std::vector<size_t> table_end(rows.size(), 0);
  for (size_t first = 0; first < rows.size();) {
    size_t last = first;
    auto near = [&](size_t row) {
      if (row == first) return true;
      const PdfLine &above = lines[rows[row - 1][0]], &here = lines[rows[row][0]];
      return here.top - above.top < kRowStep * here.height();
    };
    while (last < rows.size() && rows[last].size() > 1 && near(last)) ++last;
    if (last > first && is_table(lines, rows, first, last)) {
      for (size_t r = first; r < last; ++r)
        for (size_t i : rows[r]) table_of[i - begin] = first;
      table_end[first] = last;
    }
    first = std::max(last, first + 1);
  }
  for (size_t i = begin; i < end; ++i) {
    size_t table = table_of[i - begin];
    if (table == SIZE_MAX) {
      out.push_back(lines[i]);
      continue;
    }
    for (size_t r = table; r < table_end[table]; ++r) out.push_back(joined(lines, rows[r]));
    table_end[table] = 0;  // written
  }
}

}  // namespace

std::vector<PdfLine> join_rows(std::vector<PdfLine> lines) {
  std::vector<PdfLine> out;
  for (size_t begin = 0; begin < lines.size();) {
    size_t end = begin;
    while (end < lines.size() && lines[end].page == lines[begin].page) ++end;
    join_page(lines, begin, end, out);
    begin = end;
  }
  return out;
}

}  // namespace malmoi::data
