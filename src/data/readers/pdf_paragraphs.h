// Paragraphs of a PDF out of its lines: which line ends are the author's and which the page's.
#pragma once

#include <string>
#include <vector>

#include "data/readers/pdf_lines.h"

namespace malmoi::data {

/// Paragraphs separated by an empty line, lines that end before their column does (verses, addresses, items) by a line
/// end. A line goes on into the next where the next one's first word had no room in it. Words broken by a hyphen become
/// whole, unless the text writes them with one elsewhere. Korean lines are joined with a space where they break between
/// words: told by the ragged edge, by spaces that are stretched, else by the words that the text has elsewhere.
std::string join_lines(const std::vector<PdfLine>& lines);

}  // namespace malmoi::data
