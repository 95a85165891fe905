// Columns of text on a page of a PDF, read to their ends.
#pragma once

#include <vector>

#include "data/readers/pdf_lines.h"

namespace malmoi::data {

/// Where a gutter runs down a page between lines of text, the lines left of it come before those right of it, between the
/// lines that go across. Poppler leaps from column to column where paragraphs end at one height. Else the order stays.
void order_columns(std::vector<PdfLine>& lines);

}  // namespace malmoi::data
