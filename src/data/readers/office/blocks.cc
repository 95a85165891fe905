#include "data/readers/office/blocks.h"

#include <algorithm>
#include <set>

#include "base/ascii.h"

namespace malmoi::data::office {
namespace {

constexpr int kMaxHeading = 6, kMaxIndent = 8;

// A cell that holds a passage, not a value: as many blocks and bytes (of Hangul 100 letters) at least.
constexpr size_t kPassageBlocks = 3, kPassageBytes = 300;

bool holds_table(const Cell& cell) {
  return std::ranges::any_of(cell.blocks, [](const Block& b) { return b.kind == Block::Kind::kTable && !is_blank(b); });
}

bool holds_passage(const Cell& cell) {
  size_t blocks = 0, bytes = 0;
  for (const Block& block : cell.blocks) {
    blocks += !is_blank(block);
    bytes += block.text.size();
  }
  return blocks >= kPassageBlocks && bytes >= kPassageBytes;
}

// A cell with something in it, and the column where it begins.
struct Placed {
  int64_t column;
  const Cell* cell;
};
using PlacedRow = std::vector<Placed>;

PlacedRow place(const std::vector<Cell>& row) {
  PlacedRow out;
  int64_t column = 0;
  for (const Cell& cell : row) {
    if (!is_blank(cell.blocks)) out.push_back({column, &cell});
    column += std::clamp(cell.span, 1, Cell::kMaxSpan);
  }
  return out;
}

// Whether a row cannot stand as a line of a table.
bool lays_out(const PlacedRow& row) {
  if (row.size() == 1) {
    const Cell& cell = *row[0].cell;
    return holds_table(cell) || std::ranges::count_if(cell.blocks, [](const Block& b) { return !is_blank(b); }) > 1;
  }
  return std::ranges::any_of(row, [](const Placed& p) { return holds_table(*p.cell) || holds_passage(*p.cell); });
}

bool is_ordinal(const std::string& marker) {
  return marker.size() >= 2 && (marker.back() == '.' || marker.back() == ')') &&
         std::all_of(marker.begin(), marker.end() - 1, [](char c) { return c >= '0' && c <= '9'; });
}

class Writer {
 public:
  Writer(TextFormat format, uint64_t limit) : markdown_(format == TextFormat::kMarkdown), limit_(limit) {}

  void write(const Blocks& blocks) {
    for (const Block& block : blocks) {
      if (full()) return;
      if (!is_blank(block)) write(block);
    }
  }
  bool full() const { return out_.size() > limit_; }
  std::string take() { return std::move(out_); }

 private:
  void write(const Block& block) {
    switch (block.kind) {
      case Block::Kind::kTable: return write_table(block.rows);
      case Block::Kind::kNote: return write_note(block);
      case Block::Kind::kItem:
        begin(block.kind);
        if (markdown_) out_.append(2 * static_cast<size_t>(std::clamp(block.level, 0, kMaxIndent)), ' ');
        out_ += item_text(block);
        return;
      case Block::Kind::kHeading:
        begin(block.kind);
        if (markdown_) out_.append(static_cast<size_t>(std::clamp(block.level, 1, kMaxHeading)), '#') += ' ';
        append_line(block.text);  // a heading is one line
        return;
      case Block::Kind::kParagraph: begin(block.kind); out_ += block.text;
    }
  }

  // Blocks stand apart by an empty line, items of a list by a line's end.
  void begin(Block::Kind kind) {
    bool same_list = kind == previous_ && (kind == Block::Kind::kItem || kind == Block::Kind::kNote);
    if (!out_.empty()) out_ += same_list ? "\n" : "\n\n";
    previous_ = kind;
  }

  std::string item_text(const Block& block) const {
    std::string shown = block.marker.empty() ? block.text : block.marker + " " + block.text;
    if (!markdown_ || is_ordinal(block.marker)) return shown;
    return "- " + shown;
  }

  void append_line(const std::string& text) {
    for (char c : text) out_ += c == '\n' || c == '\t' ? ' ' : c;
  }

  void write_note(const Block& block) {
    Writer inner(markdown_ ? TextFormat::kMarkdown : TextFormat::kPlain, limit_);
    for (const std::vector<Cell>& row : block.rows)
      for (const Cell& cell : row) inner.write(cell.blocks);
    begin(block.kind);
    out_ += markdown_ ? "[^" + block.marker + "]: " : "[" + block.marker + "] ";
    // What follows the first line of a note belongs to it where it is indented.
    for (char c : inner.take()) (out_ += c) += c == '\n' && markdown_ ? "    " : "";
  }

  void write_table(const std::vector<std::vector<Cell>>& rows) {
    std::vector<PlacedRow> group;
    for (const std::vector<Cell>& row : rows) {
      if (full()) return;
      PlacedRow placed = place(row);
      if (placed.empty()) continue;
      if (!lays_out(placed)) {
        group.push_back(std::move(placed));
        continue;
      }
      write_group(group);
      group.clear();
      for (const Placed& p : placed) write(p.cell->blocks);
    }
    write_group(group);
  }

  void write_group(const std::vector<PlacedRow>& rows) {
    std::set<int64_t> used;
    for (const PlacedRow& row : rows)
      for (const Placed& p : row) used.insert(p.column);
    if (used.size() <= 1) {
      for (const PlacedRow& row : rows)
        for (const Placed& p : row) write(p.cell->blocks);
      return;
    }
    begin(Block::Kind::kTable);
    for (size_t r = 0; r < rows.size() && !full(); ++r) {
      if (r > 0) out_ += '\n';
      // Only the first row, by which Markdown knows the number of columns, is filled up to the last.
      write_row(rows[r], used, markdown_ && r == 0);
      if (!markdown_ || r > 0) continue;
      out_ += "\n|";
      for (size_t i = 0; i < used.size(); ++i) out_ += " --- |";
    }
  }

  void write_row(const PlacedRow& row, const std::set<int64_t>& used, bool to_the_end) {
    if (markdown_) out_ += "| ";
    size_t next = 0;
    for (int64_t column : used) {
      if (full() || (next == row.size() && !to_the_end)) break;
      if (column != *used.begin()) out_ += markdown_ ? " | " : "\t";
      if (next < row.size() && row[next].column == column) append_cell(*row[next++].cell);
    }
    if (markdown_) out_ += " |";
  }

  void append_cell(const Cell& cell) {
    bool first = true;
    for (const Block& block : cell.blocks) {
      if (is_blank(block)) continue;
      if (!std::exchange(first, false)) out_ += markdown_ ? "<br>" : "\n";
      for (char c : block.kind == Block::Kind::kItem ? item_text(block) : block.text) {
        if (c == '\n' && markdown_) out_ += "<br>";
        else if (c == '|' && markdown_) out_ += "\\|";
        else out_ += c == '\t' ? ' ' : c;
      }
    }
  }

  bool markdown_;
  uint64_t limit_;
  Block::Kind previous_ = Block::Kind::kParagraph;
  std::string out_;
};

}  // namespace

bool is_blank(const Block& block) {
  if (!ascii_trim(block.text).empty()) return false;
  return std::ranges::all_of(block.rows, [](const std::vector<Cell>& row) {
    return std::ranges::all_of(row, [](const Cell& cell) { return is_blank(cell.blocks); });
  });
}

bool is_blank(const Blocks& blocks) {
  return std::ranges::all_of(blocks, [](const Block& block) { return is_blank(block); });
}

std::string first_heading(const Blocks& blocks) {
  auto found = std::ranges::find(blocks, Block::Kind::kHeading, &Block::kind);
  return found == blocks.end() ? std::string() : found->text;
}

Block paragraph(std::string text) {
  Block block;
  block.text = std::move(text);
  return block;
}

Block heading(std::string text, int level) {
  Block block = paragraph(std::move(text));
  block.kind = Block::Kind::kHeading;
  block.level = level;
  return block;
}

Block note(int number, Blocks content) {
  Block block;
  block.kind = Block::Kind::kNote;
  block.marker = std::to_string(number);
  block.rows.resize(1);
  block.rows[0].push_back({std::move(content), 1});
  return block;
}

std::string note_mark(int number, TextFormat format) {
  return (format == TextFormat::kMarkdown ? "[^" : "[") + std::to_string(number) + "]";
}

uint64_t text_limit(const ReaderLimits& limits, uint64_t packed) {
  constexpr uint64_t kHarmless = 8ull << 20;
  auto believed = static_cast<uint64_t>(limits.expansion_ratio * static_cast<double>(packed));
  return std::min(limits.document_bytes, std::max(kHarmless, believed));
}

Error too_much_text(uint64_t limit, const std::string& where) {
  return invalid_data("gives more than " + std::to_string(limit) + " bytes of text, like a bomb", where,
                      "raise limits.expansion_ratio or limits.document_bytes if it is meant to");
}

Result<std::string> write_blocks(const Blocks& blocks, TextFormat format, const ReaderLimits& limits, uint64_t packed,
                                 const std::string& where) {
  uint64_t limit = text_limit(limits, packed);
  Writer writer(format, limit);
  writer.write(blocks);
  if (writer.full()) return too_much_text(limit, where);
  return writer.take();
}

std::string trimmed(const std::string& text) { return std::string(ascii_trim(text)); }

}  // namespace malmoi::data::office
