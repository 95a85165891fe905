#include "data/readers/pdf_paragraphs.h"

#include <algorithm>
#include <functional>
#include <string_view>
#include <unordered_map>

#include "data/html/rules.h"
#include "data/readers/pdf_words.h"

namespace malmoi::data {
namespace {

// Shares of a line's height.
constexpr float kSpaceWidth = 0.3f;     // of a space, about
constexpr float kIndent = 0.8f;         // of the first line of a paragraph
constexpr float kSameEdge = 0.5f;       // edges of one column
constexpr float kRoomForLetter = 0.9f;  // what a Korean syllable takes
// Others.
constexpr float kParagraphStep = 1.35f;  // from line to line, against the usual step
constexpr float kSameSize = 1.2f;        // heights of letters of one size, at most
constexpr float kShort = 0.12f;          // of a column's width: what a line set ragged may leave
constexpr float kRagged = 1.1f;          // of the ends of most lines, in their height, where they break between words
constexpr float kStretched = 1.35f;      // the widest space of a line against the narrowest of the column

constexpr size_t kEnoughLines = 4;  // whose last words say how a column is broken

enum class Break { kNone, kLine, kParagraph };

// Lines that stand below each other in one column.
struct Column {
  size_t begin = 0, end = 0;
  float left = 0, right = 0, step = 0;
  float edge = 0;        // that most of its lines reach
  bool by_words = true;  // its Korean lines break between words
};

bool same_size(const PdfLine& line, const PdfLine& next) {
  float a = line.height(), b = next.height();
  return std::max(a, b) <= kSameSize * std::min(a, b);
}

// Of one column, the one beneath the other.
bool below(const PdfLine& line, const PdfLine& next) {
  if (line.page != next.page || line.upright != next.upright || !same_size(line, next)) return false;
  return next.top > line.top + kSameEdge * next.height() && next.left < line.right && next.right > line.left;
}

class Joiner {
 public:
  explicit Joiner(const std::vector<PdfLine>& lines) : lines_(lines) {
    count_words();
    find_columns();
  }

  std::string run() {
    for (const Column& column : columns_) {
      for (size_t i = column.begin; i < column.end; ++i) {
        if (i > 0) join(lines_[i - 1], lines_[i], i == column.begin ? across(column) : within(column, i));
        else begin_paragraph(lines_[i]);
        column_ = &column;
      }
    }
    return std::move(out_);
  }

 private:
  void count_words() {
    for (const PdfLine& line : lines_) {
      // A line's first and last word may be parts of one.
      std::string_view text = line.text;
      for (size_t begin = text.find(' '); begin != std::string_view::npos;) {
        size_t end = text.find(' ', begin + 1);
        if (end != std::string_view::npos) ++words_[letters_of(text.substr(begin + 1, end - begin - 1))];
        begin = end;
      }
    }
  }

  // Without the punctuation behind it.
  static std::string letters_of(std::string_view word) {
    while (!word.empty() && std::string_view(".,;:!?)\"'").find(word.back()) != std::string_view::npos)
      word.remove_suffix(1);
    return std::string(word);
  }

  size_t count(std::string_view word) const {
    auto found = words_.find(letters_of(word));
    return found == words_.end() ? 0 : found->second;
  }

  void find_columns() {
    for (size_t begin = 0; begin < lines_.size();) {
      Column column{begin, begin + 1};
      while (column.end < lines_.size() && below(lines_[column.end - 1], lines_[column.end])) ++column.end;
      measure(column);
      columns_.push_back(column);
      begin = column.end;
    }
  }

  void measure(Column& column) {
    std::vector<float> rights, steps;
    column.left = lines_[column.begin].left;
    for (size_t i = column.begin; i < column.end; ++i) {
      column.left = std::min(column.left, lines_[i].left);
      rights.push_back(lines_[i].right);
      if (i > column.begin) steps.push_back(lines_[i].top - lines_[i - 1].top);
    }
    // A line in ten may stand out, as wide headings and tables do.
    std::sort(rights.begin(), rights.end(), std::greater<>());
    column.right = rights[rights.size() / 10];
    column.edge = rights[rights.size() / 5];
    std::sort(steps.begin(), steps.end());
    // The lower quartile: between short paragraphs most steps are wide.
    column.step = steps.empty() ? 0 : steps[steps.size() / 4];
    column.by_words = breaks_between_words(column);
  }

  // Lines broken anywhere end within a syllable's width of the edge; lines broken between words do not, or have their
  // spaces stretched until they do.
  bool breaks_between_words(const Column& column) const {
    size_t stretched = 0, words = 0;
    float narrowest = 1e9f;
    std::vector<float> ends;
    for (size_t i = column.begin; i < column.end; ++i)
      if (lines_[i].widest > 0) narrowest = std::min(narrowest, lines_[i].narrowest);
    for (size_t i = column.begin; i + 1 < column.end; ++i) {
      const PdfLine& line = lines_[i];
      if (!is_syllable(last_letter(line.text)) || ends_early(line, lines_[i + 1], column)) continue;
      ends.push_back(line.right / line.height());
      stretched += line.narrowest > kStretched * narrowest;
      words += ends_word(last_word(line.text));
    }
    if (ends.empty()) return true;
    std::sort(ends.begin(), ends.end());
    // Within the width of a syllable, but for those that stand out by an indent and the odd end of a paragraph.
    size_t out = ends.size() / 5, in = ends.size() / 8;
    bool ragged = ends[ends.size() - 1 - out] - ends[in] > kRagged;
    bool whole_words = ends.size() >= kEnoughLines && words * 10 >= ends.size() * 7;
    return ragged || whole_words || stretched * 5 > ends.size();
  }

  // Whether the next line's first word would have had room, and more.
  static bool ends_early(const PdfLine& line, const PdfLine& next, const Column& column) {
    float room = column.right - line.right;
    return room > next.first_word + 2 * kSpaceWidth * line.height() && room > kShort * (column.right - column.left);
  }

  Break within(const Column& column, size_t i) const {
    const PdfLine &line = lines_[i - 1], &next = lines_[i];
    float height = next.height(), step = next.top - line.top;
    if (line.row || next.row) return line.row && next.row ? Break::kLine : Break::kParagraph;
    bool item = is_item(next.text, label_);
    if (step > kParagraphStep * column.step && step > column.step + kSpaceWidth * height)
      return item && in_item_ ? Break::kLine : Break::kParagraph;
    if (item) return in_item_ ? Break::kLine : Break::kParagraph;
    if (in_item_) {
      // What hangs beneath an item's text goes on with it.
      if (next.left + kSameEdge * height < text_left_) return Break::kParagraph;
    } else if (next.left > column.left + kIndent * height && line.left < column.left + kSameEdge * height) {
      return Break::kParagraph;
    }
    if (hyphenated(line.text, next.text)) return Break::kNone;
    if (!ends_early(line, next, column)) return Break::kNone;
    return in_item_ || html::ends_sentence(line.text) ? Break::kParagraph : Break::kLine;
  }

  // From the end of one column into the next, or over to the next page.
  Break across(const Column& column) const {
    const PdfLine &line = lines_[column.begin - 1], &next = lines_[column.begin];
    if (!line.upright || !next.upright || line.row || next.row || !same_size(line, next) || is_item(next.text, label_))
      return Break::kParagraph;
    if (hyphenated(line.text, next.text)) return Break::kNone;
    bool indented = next.left > column.left + kIndent * next.height();
    bool ended = html::ends_sentence(line.text) || indented || ends_early(line, next, *column_);
    // A column of one line is a title, a caption or a cell.
    bool single = column_->end - column_->begin == 1 || column.end - column.begin == 1;
    return ended || single ? Break::kParagraph : Break::kNone;
  }

  static bool hyphenated(std::string_view line, std::string_view next) {
    if (line.ends_with("\u00AD")) return true;
    std::string_view before = line.ends_with('-')        ? line.substr(0, line.size() - 1)
                              : line.ends_with("\u2010") ? line.substr(0, line.size() - 3)
                                                         : std::string_view();
    return !before.empty() && is_latin(last_letter(before)) && is_lower(first_letter(next));
  }

  void begin_paragraph(const PdfLine& line) {
    out_ += line.text;
    in_item_ = is_item(line.text, label_);
    if (in_item_) label_ = line.text.substr(line.text.starts_with('(') ? 1 : 0, 3);
    // Text beneath the item's own may stand anywhere right of its mark.
    text_left_ = line.left + kSameEdge * line.height();
  }

  void join(const PdfLine& line, const PdfLine& next, Break kind) {
    if (kind != Break::kNone) {
      out_ += kind == Break::kParagraph ? "\n\n" : "\n";
      begin_paragraph(next);
      return;
    }
    if (hyphenated(line.text, next.text)) join_hyphen(next.text);
    else if (needs_space(line, next)) out_ += ' ';
    out_ += next.text;
  }

  // "over-" and "all" are "overall", unless the text writes "over-all" elsewhere and never "overall".
  void join_hyphen(std::string_view next) {
    for (std::string_view mark : {"\u00AD", "\u2010", "-"}) {
      if (!out_.ends_with(mark)) continue;
      std::string part(last_word(std::string_view(out_).substr(0, out_.size() - mark.size())));
      std::string rest(first_word(next));
      bool kept = mark != "\u00AD" && count(part + "-" + rest) > count(part + rest);
      out_.resize(out_.size() - mark.size());
      if (kept) out_ += '-';
      return;
    }
  }

  bool needs_space(const PdfLine& line, const PdfLine& next) const {
    char32_t last = last_letter(line.text), first = first_letter(next.text);
    if (is_ideograph(last) && is_ideograph(first)) return false;
    if (next.text.find_first_of(".,!?)") == 0) return false;  // a line that was broken before the end of its sentence
    if (!is_syllable(last) || !is_syllable(first)) return true;
    if (column_->by_words || column_->edge - line.right > kRoomForLetter * line.height()) return true;
    std::string_view part = last_word(line.text), rest = first_word(next.text);
    size_t whole = count(std::string(part) + std::string(rest));
    size_t apart = std::min(count(part), count(rest));
    if (whole != apart) return apart > whole;
    return ends_word(part);
  }

  const std::vector<PdfLine>& lines_;
  std::vector<Column> columns_;
  const Column* column_ = nullptr;  // of the line before
  std::unordered_map<std::string, size_t> words_;
  std::string out_;
  bool in_item_ = false;
  std::string label_;  // of the item before
  float text_left_ = 0;
};

}  // namespace

std::string join_lines(const std::vector<PdfLine>& lines) { return Joiner(lines).run(); }

}  // namespace malmoi::data
