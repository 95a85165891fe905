// An office document as a list of blocks, and how these are written as text or Markdown.
//
// A table is written as one where it holds data: rows of short cells, the text of a merged cell once, empty rows and
// columns left out. What only lays out a page (one cell, one column, a row with a table or a passage in it) is written as
// the blocks that it holds, in their order, so that a form stays a table around the one row that does not fit.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "data/html/html.h"
#include "data/readers/reader.h"

namespace malmoi::data::office {

struct Cell;

struct Block {
  enum class Kind : uint8_t { kParagraph, kHeading, kItem, kTable, kNote };
  Kind kind = Kind::kParagraph;
  int level = 0;       // of a heading from 1, of an item its depth from 0
  std::string marker;  // of an item as it is shown ("3.", "가."), empty: a bullet; of a note its number
  std::string text;    // lines by '\n'
  std::vector<std::vector<Cell>> rows;  // of a table; of a note one cell
};
using Blocks = std::vector<Block>;

struct Cell {
  static constexpr int kMaxSpan = 16384;  // columns, as many as a spreadsheet has
  Blocks blocks;
  int span = 1;  // columns; the rows below a cell that spans rows have an empty one there
};

/// A paragraph as it is read: its text, and what hangs on it and stands after it.
struct Line {
  std::string text;
  Blocks after;
};

Block paragraph(std::string text);
Block heading(std::string text, int level);
/// `number`: what its mark (note_mark) says.
Block note(int number, Blocks content);

/// What stands in the text where a note belongs: "[^3]", in plain text "[3]".
std::string note_mark(int number, TextFormat format);

/// Whether there is nothing to write.
bool is_blank(const Block& block);
bool is_blank(const Blocks& blocks);
/// The text of the first heading, which is the title of a document that declares none.
std::string first_heading(const Blocks& blocks);

/// Errors: more text than is believed of a file of `packed` bytes (limits.expansion_ratio, once it is more than 8 MiB), or
/// more than limits.document_bytes.
Result<std::string> write_blocks(const Blocks& blocks, TextFormat format, const ReaderLimits& limits, uint64_t packed,
                                 const std::string& where);

/// The same bound for text that was made in another way.
uint64_t text_limit(const ReaderLimits& limits, uint64_t packed);
Error too_much_text(uint64_t limit, const std::string& where);

/// Without white space at both ends.
std::string trimmed(const std::string& text);

}  // namespace malmoi::data::office
