// PDF by poppler, in a child process with limits on time and memory: a file that makes poppler crash or hang costs one
// document, not the run.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace malmoi::data {

struct PdfText {
  std::string text, title;
  int pages = 0;
};

/// `seconds` and `memory_bytes` bound the child. Errors: not a PDF, a password, the limits, a crash, no text (scans).
Result<PdfText> read_pdf(std::string_view bytes, double seconds, uint64_t memory_bytes, const std::string& where);

}  // namespace malmoi::data
