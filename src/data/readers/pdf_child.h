// What runs in the process that reads one PDF, and what it writes for the one that asked.
#pragma once

#include <string_view>

#include "data/readers/pdf_process.h"

namespace malmoi::data {

/// How that process ends.
enum PdfExit : int {
  kDone = 0,
  kNotPdf = 2,
  kLocked = 3,
  kNoReader = 4,
  kFailed = 5,
  kNoMemory = 6,
  kNoLimit = 7,
};

/// After a fork: writes to `out` the title, then of each page 'P' with its size and of each word 'W' with its box, flags and
/// text, then 'E' and whether tables were missing ('M'), fonts said nothing of their characters ('U') or neither ('.').
[[noreturn]] void run_pdf_child(std::string_view bytes, const PdfLimits& limits, int out);

}  // namespace malmoi::data
