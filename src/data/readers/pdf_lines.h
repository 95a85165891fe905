// Lines of a PDF out of its words, without what every page repeats.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "data/readers/pdf_process.h"

namespace malmoi::data {

struct PdfLine {
  float left = 0, top = 0, right = 0, bottom = 0;
  size_t page = 0;
  bool upright = true;
  bool row = false;                 // of a table, or of contents with dots that lead to a page
  float first_word = 0;             // its width
  float narrowest = 0, widest = 0;  // of the spaces between its words; 0 where there is one word
  std::string text;                 // words with single spaces; ligatures as letters, bullets as "•"

  float height() const { return bottom - top; }
};

/// The width of a line of text in a column, in heights of the line, at the least: cells of tables are narrower.
inline constexpr float kTextWidth = 8;

/// The middle one of some values, of at least one.
inline float median(std::vector<float> values) {
  auto middle = values.begin() + static_cast<long>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Pages most of whose words are turned one way, turned back.
void turn_upright(std::vector<PdfPage>& pages);

/// In reading order, columns one after the other; cells of a table are lines of their own.
std::vector<PdfLine> lines_of(const std::vector<PdfPage>& pages);

/// Without running heads, feet and page numbers: lines at the edge of pages that stand in the same place on others, with
/// the same text, or with a number that counts on as the pages do.
void drop_running_lines(const std::vector<PdfPage>& pages, std::vector<PdfLine>& lines);

}  // namespace malmoi::data
