// PDF: its text in reading order, by paragraphs.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "data/readers/pdf_process.h"

namespace malmoi::data {

struct PdfText {
  std::string text, title;
  int pages = 0;
};

/// Errors: those of read_pdf_words, no text (scans).
Result<PdfText> read_pdf(std::string_view bytes, const PdfLimits& limits, const std::string& where);

}  // namespace malmoi::data
