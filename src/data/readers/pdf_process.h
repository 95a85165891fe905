// The words of a PDF with their places, by poppler in a process of its own: what makes poppler crash, hang or grow costs
// one document, not the run.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace malmoi::data {

/// A box in points from the top left corner of the page.
struct PdfWord {
  float left = 0, top = 0, right = 0, bottom = 0;
  bool space_after = false;
  uint8_t turns = 0;  // by a right angle, as it is read: 1 downwards, 2 head over, 3 upwards
  std::string text;
};

struct PdfPage {
  float width = 0, height = 0;
  std::vector<PdfWord> words;  // in reading order: columns one after the other
};

struct PdfWords {
  std::string title;
  std::vector<PdfPage> pages;
  bool unmapped = false;  // some font does not say which characters it shows
};

struct PdfLimits {
  double seconds = 30;                 // of processor time
  uint64_t memory_bytes = 2ull << 30;  // beyond what this process has mapped already
};

/// Errors say which: not a PDF, a password, time, memory, a crash, tables of poppler that are not installed.
Result<PdfWords> read_pdf_words(std::string_view bytes, const PdfLimits& limits, const std::string& where);

}  // namespace malmoi::data
