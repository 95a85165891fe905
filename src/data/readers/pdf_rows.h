// Tables of a PDF, by rows: poppler reads them by columns, as it does text.
#pragma once

#include <vector>

#include "data/readers/pdf_lines.h"

namespace malmoi::data {

/// Lines that stand side by side become one where they are cells: short for their column, or fewer than text would be.
/// Columns of text are left as they are.
std::vector<PdfLine> join_rows(std::vector<PdfLine> lines);

}  // namespace malmoi::data
