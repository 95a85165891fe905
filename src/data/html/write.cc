#include "data/html/write.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "data/readers/markdown.h"

namespace malmoi::data::html {
namespace {

void append_table(std::string& out, const std::string& rows) {
  bool first = true;
  for (size_t begin = 0; begin <= rows.size();) {
    size_t end = std::min(rows.find('\n', begin), rows.size());
    std::string_view row = std::string_view(rows).substr(begin, end - begin);
    if (begin > 0) out += '\n';
    out += "| ";
    size_t columns = 1;
    for (char c : row) {
      columns += c == '\t';
      if (c == '\t') out += " | ";
      else if (c == '|') out += "\\|";
      else out += c;
    }
    out += " |";
    if (std::exchange(first, false)) {
      out += "\n|";
      for (size_t i = 0; i < columns; ++i) out += " --- |";
    }
    begin = end + 1;
  }
}

void append_quote(std::string& out, std::string_view text) {
  out += "> ";
  for (char c : text) (out += c) += c == '\n' ? "> " : "";
}

void append_code(std::string& out, const Block& block) {
  std::string fence = code_fence(block.text);
  (((((out += fence) += block.language) += '\n') += block.text) += '\n') += fence;
}

void append_block(std::string& out, const Block& block, TextFormat format) {
  if (format == TextFormat::kPlain) {
    out += block.text;
    return;
  }
  const std::string& text = block.markup.empty() ? block.text : block.markup;
  switch (block.kind) {
    case BlockKind::kHeading:
    case BlockKind::kTitleRow:
      (out.append(static_cast<size_t>(std::clamp(block.level, 1, 6)), '#') += ' ') += block.text;
      break;
    case BlockKind::kItem:
      out.append(static_cast<size_t>(std::min(block.level, 8)) * 2, ' ');
      // Markdown has no numbers below zero.
      (out += block.ordered ? std::to_string(std::max(block.number, 0)) + ". " : "- ") += text;
      break;
    case BlockKind::kTable: append_table(out, block.text); break;
    case BlockKind::kCode: append_code(out, block); break;
    case BlockKind::kQuote: append_quote(out, text); break;
    default: out += text;
  }
}

}  // namespace

std::string write_blocks(const Page& page, const std::vector<char>& keep, TextFormat format) {
  std::string out;
  const Block* previous = nullptr;
  for (size_t i = 0; i < keep.size(); ++i) {
    if (!keep[i]) continue;
    const Block& block = page.blocks[i];
    bool same_list = previous && previous->kind == BlockKind::kItem && block.kind == BlockKind::kItem &&
                     (previous->group == block.group);
    if (previous) out += same_list ? "\n" : "\n\n";
    append_block(out, block, format);
    previous = &block;
  }
  return out;
}

}  // namespace malmoi::data::html
