#include "data/readers/pdf.h"

#include <utility>
#include <vector>

#include "base/ascii.h"
#include "base/utf8.h"
#include "data/readers/pdf_columns.h"
#include "data/readers/pdf_lines.h"
#include "data/readers/pdf_paragraphs.h"
#include "data/readers/pdf_rows.h"

namespace malmoi::data {
namespace {

// What programs put where nobody named the document.
bool is_placeholder(std::string_view title) {
  std::string low = ascii_lower(title);
  return low == "untitled" || low == "제목 없음" || low == "(anonymous)" || low == "unspecified";
}

}  // namespace

Result<PdfText> read_pdf(std::string_view bytes, const PdfLimits& limits, const std::string& where) {
  MALMOI_ASSIGN(PdfWords words, read_pdf_words(bytes, limits, where));
  turn_upright(words.pages);
  std::vector<PdfLine> lines = lines_of(words.pages);
  drop_running_lines(words.pages, lines);
  order_columns(lines);
  PdfText text;
  text.text = replace_invalid_utf8(join_lines(join_rows(std::move(lines))));
  if (!is_placeholder(words.title)) text.title = std::move(words.title);
  text.pages = static_cast<int>(words.pages.size());
  if (text.text.empty() && words.unmapped)
    return invalid_data("has text, but its fonts do not say which characters they show", where,
                        "run a character recognition on it first");
  if (text.text.empty())
    return invalid_data("has no text layer (scanned pages?)", where, "run a character recognition on it first");
  return text;
}

}  // namespace malmoi::data
