// Documents of word processors, spreadsheets and presentations, and books: what they hold decides how they are read, not
// their names. DOCX, XLSX, PPTX (ECMA-376), OpenDocument (zipped or flat), HWPX (OWPML), HWP 5, EPUB 2 and 3.
//
// Kept is what a reader of the document sees, in its order: changes accepted, hidden text left out, notes at the end.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "data/html/html.h"
#include "data/readers/reader.h"

namespace malmoi::data {

/// A part of a document that could not be read, while the rest was.
struct PartProblem {
  std::string part, rule, detail;
};

struct OfficeText {
  std::string text, title, language;
  std::vector<PartProblem> problems;
};

/// Errors: damage of what the document is made of, a password, a kind that is not read (kUnsupported, with the remedy),
/// more text than the limits allow for a file of this size.
Result<OfficeText> read_office(std::string_view bytes, const ReaderLimits& limits, TextFormat format,
                               const std::string& where);

}  // namespace malmoi::data
