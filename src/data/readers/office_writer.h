// Collects paragraphs, headings, items and tables of an office document as text or Markdown.
#pragma once

#include <string>
#include <vector>

#include "data/html/html.h"

namespace malmoi::data {

class OfficeWriter {
 public:
  explicit OfficeWriter(TextFormat format) : markdown_(format == TextFormat::kMarkdown) {}

  void heading(const std::string& text, int level) {
    if (!text.empty())
      block(markdown_ ? std::string(static_cast<size_t>(level < 1   ? 1
                                                        : level > 6 ? 6
                                                                    : level),
                                    '#') +
                            " " + text
                      : text,
            false);
  }
  void paragraph(const std::string& text) {
    if (!text.empty()) block(text, false);
  }
  void item(const std::string& text, int depth) {
    if (!text.empty())
      block(markdown_ ? std::string(2 * static_cast<size_t>(depth < 0   ? 0
                                                            : depth > 8 ? 8
                                                                        : depth),
                                    ' ') +
                            "- " + text
                      : text,
            true);
  }
  void table(const std::vector<std::vector<std::string>>& rows) {
    std::string out;
    for (size_t r = 0; r < rows.size(); ++r) {
      if (r) out += '\n';
      if (markdown_) out += "| ";
      for (size_t c = 0; c < rows[r].size(); ++c) (out += c ? (markdown_ ? " | " : "\t") : "") += rows[r][c];
      if (markdown_) out += " |";
      if (markdown_ && r == 0) {
        out += "\n|";
        for (size_t c = 0; c < rows[r].size(); ++c) out += " --- |";
      }
    }
    if (!rows.empty()) block(out, false);
  }
  std::string take() { return std::move(out_); }

 private:
  void block(const std::string& text, bool item) {
    if (!out_.empty()) out_ += item && last_item_ ? "\n" : "\n\n";
    out_ += text;
    last_item_ = item;
  }
  bool markdown_, last_item_ = false;
  std::string out_;
};

}  // namespace malmoi::data
