// HWP 5: the paragraphs of a Hangul document from its records, with tables, text boxes, notes, equations.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <span>

#include "base/utf8.h"
#include "data/encoding/convert.h"
#include "data/readers/office/blocks.h"
#include "data/readers/office/formats.h"
#include "data/readers/office/hangul.h"
#include "data/readers/office/hwp_records.h"
#include "data/readers/office/notes.h"
#include "data/readers/office/numbering.h"
#include "data/readers/office/xml.h"

namespace malmoi::data::office {
namespace {

constexpr uint32_t id(const char (&name)[5]) {
  return static_cast<uint32_t>(name[0]) << 24 | static_cast<uint32_t>(name[1]) << 16 |
         static_cast<uint32_t>(name[2]) << 8 | static_cast<uint32_t>(name[3]);
}

std::string utf8(const std::u16string& text) {
  std::string out;
  internal::append_utf16(out, text.data(), text.size());
  return out;
}

// A stretch of records: first to before last.
using Records = std::span<const HwpRecord>;

// The record at `at` with those that belong to it.
Records family(Records records, size_t at) {
  return records.subspan(at, std::min(records[at].family, records.size() - at));
}

// DocInfo: shapes of paragraphs, numberings, styles, each known by its place among its kind.
class Information {
 public:
  explicit Information(Records records) {
    for (const HwpRecord& record : records) {
      if (record.tag == kHwpParagraphShape) shapes_.push_back(read_shape(record));
      else if (record.tag == kHwpStyle) headings_.push_back(heading_of(record));
      else if (record.tag == kHwpNumbering) lists_.push_back(read_list(record));
    }
  }

  struct Shape {
    HangulShape type = HangulShape::kPlain;
    int level = 0, list = 0;
  };
  Shape shape(size_t at) const { return at < shapes_.size() ? shapes_[at] : Shape(); }
  /// 0: the style makes no heading.
  int heading(size_t style) const { return style < headings_.size() ? headings_[style] : 0; }
  /// Numbered from 1; null for none.
  const std::vector<ListLevel>* list(int number) const {
    auto at = static_cast<size_t>(number) - 1;
    return number >= 1 && at < lists_.size() ? &lists_[at] : nullptr;
  }

 private:
  static Shape read_shape(const HwpRecord& record) {
    uint32_t bits = record.u32(0);
    return {static_cast<HangulShape>(bits >> 23 & 3), static_cast<int>(bits >> 25 & 7), record.u16(30)};
  }

  static int heading_of(const HwpRecord& record) {
    size_t at = 0;
    std::string name = utf8(record.text(at));
    return name.starts_with("개요 ") ? std::atoi(name.c_str() + std::string_view("개요 ").size()) : 0;
  }

  static NumberStyle number_style(uint32_t format) {
    constexpr NumberStyle kStyles[] = {
        NumberStyle::kDecimal,     NumberStyle::kCircled,         NumberStyle::kUpperRoman,  NumberStyle::kLowerRoman,
        NumberStyle::kUpperLetter, NumberStyle::kLowerLetter,     NumberStyle::kUpperLetter, NumberStyle::kLowerLetter,
        NumberStyle::kSyllable,    NumberStyle::kCircledSyllable, NumberStyle::kJamo,        NumberStyle::kJamo,
        NumberStyle::kKoreanDigit, NumberStyle::kIdeograph,       NumberStyle::kIdeograph};
    return format < std::size(kStyles) ? kStyles[format] : NumberStyle::kDecimal;
  }

  // Seven levels, each 12 bytes and the text of its number: "^1."
  static std::vector<ListLevel> read_list(const HwpRecord& record) {
    constexpr int kLevels = 7;
    std::vector<ListLevel> levels;
    size_t at = 0;
    for (int i = 0; i < kLevels; ++i) {
      ListLevel level;
      level.style = number_style(record.u32(at) >> 5 & 15);
      at += 12;
      level.text = utf8(record.text(at));
      std::ranges::replace(level.text, '^', '%');
      if (level.text.size() > ListLevel::kLongest) level.text.clear();
      levels.push_back(std::move(level));
    }
    return levels;
  }

  std::vector<Shape> shapes_;
  std::vector<int> headings_;
  std::vector<std::vector<ListLevel>> lists_;
};

class HwpReader {
 public:
  HwpReader(const Information& information, TextFormat format) : information_(information), notes_(format) {}

  void read(Records section, Blocks& out) { paragraphs(section, out, 0); }
  void append_notes(Blocks& out) {
    notes_.append(out, [&](const std::string& key) {
      Blocks content;
      paragraphs(note_bodies_[key], content, 0);
      return content;
    });
  }

 private:
  // The outermost paragraphs of a stretch, whatever stands between them.
  void paragraphs(Records records, Blocks& out, int depth) {
    if (depth > kMaxDepth) return;
    for (size_t i = 0; i < records.size();) {
      Records whole = family(records, i);
      if (records[i].tag == kHwpParagraph) {
        paragraph(whole, out, depth);
        i += whole.size();
      } else {
        ++i;
      }
    }
  }

  void paragraph(Records records, Blocks& out, int depth) {
    std::vector<Records> controls;
    const HwpRecord* text = nullptr;
    for (size_t i = 1; i < records.size();) {
      Records whole = family(records, i);
      if (records[i].tag == kHwpControl) controls.push_back(whole);
      else if (records[i].tag == kHwpText) text = &records[i];
      i += whole.size();
    }
    Line line;
    if (text) read_text(*text, controls, line, depth);
    paragraphs_.append(std::move(line), look_of(records[0]), out);
  }

  HangulLook look_of(const HwpRecord& head) const {
    constexpr size_t kStyle = 10;  // bytes before the number of the style
    Information::Shape shape = information_.shape(head.u16(8));
    int list = shape.type == HangulShape::kOutline ? outline_ : shape.list;
    auto style = head.data.size() > kStyle ? static_cast<unsigned char>(head.data[kStyle]) : size_t{0};
    return {shape.type, shape.level, information_.heading(style), std::to_string(list), information_.list(list)};
  }

  // UTF-16 with controls below 32: of one unit, or of eight. Those that have records of their own come in their order.
  void read_text(const HwpRecord& record, const std::vector<Records>& controls, Line& line, int depth) {
    constexpr size_t kControlUnits = 8;
    std::u16string run;
    size_t next = 0, units = record.data.size() / 2;
    auto flush = [&] { line.text += utf8(std::exchange(run, {})); };
    for (size_t i = 0; i < units;) {
      char16_t unit = record.u16(2 * i);
      if (unit >= 32) {
        run += unit;
        ++i;
        continue;
      }
      bool is_single = unit == 0 || unit == 10 || unit == 13 || unit >= 24;
      bool has_records = unit == 1 || unit == 2 || unit == 3 || unit == 11 || unit == 12 ||
                         (unit >= 14 && unit <= 18) || (unit >= 21 && unit <= 23);
      if (unit == 9) run += u'\t';
      else if (unit == 10) run += u'\n';
      else if (unit == 24) run += u'-';
      else if (unit == 30 || unit == 31) run += u' ';
      else if (has_records && next < controls.size()) {
        flush();
        control(controls[next++], line, depth);
      }
      i += is_single ? 1 : kControlUnits;
    }
    flush();
  }

  void control(Records records, Line& line, int depth) {
    const HwpRecord& head = records[0];
    Records inside = records.subspan(1);
    switch (head.u32(0)) {
      case id("tbl "): return read_table(inside, line, depth);
      case id("gso "): return paragraphs(inside, line.after, depth + 1);
      case id("fn  "):
      case id("en  "): {
        std::string key = std::to_string(note_bodies_.size());
        note_bodies_[key] = inside;
        line.text += notes_.mark(key);
        return;
      }
      case id("eqed"): return read_equation(inside, line);
      case id("tdut"):    // text with a reading above it: as of ruby the base
      case id("tcps"): {  // characters on one another
        size_t at = 4;
        line.text += utf8(head.text(at));
        return;
      }
      case id("atno"): {  // the number of a picture, a table, an equation
        uint32_t kind = head.u32(4) & 15;
        if (kind >= 3 && kind <= 5) line.text += std::to_string(head.u16(8));
        return;
      }
      case id("secd"): outline_ = head.u16(18); return;
      default: return;  // what stands on every page, comments, fields
    }
  }

  static void read_equation(Records records, Line& line) {
    for (const HwpRecord& record : records) {
      if (record.tag != kHwpEquation) continue;
      size_t at = 4;
      std::string script = trimmed(utf8(record.text(at)));
      if (!script.empty()) line.text += "$" + script + "$";
    }
  }

  // A list before the table's own record is its caption, each after it a cell, which says where it is.
  void read_table(Records records, Line& line, int depth) {
    Block table;
    table.kind = Block::Kind::kTable;
    bool has_begun = false;
    int row = -1, filled = 0;
    for (size_t i = 0; i < records.size();) {
      int level = records[0].level;
      const HwpRecord& record = records[i++];
      has_begun |= record.tag == kHwpTable && record.level == level;
      if (record.tag != kHwpList || record.level != level) continue;
      size_t end = i;
      while (end < records.size() && !(records[end].level == level && records[end].tag != kHwpParagraph)) ++end;
      Blocks content;
      paragraphs(records.subspan(i, end - i), content, depth + 1);
      i = end;
      if (!has_begun) {
        std::ranges::move(content, std::back_inserter(line.after));
        continue;
      }
      int column = record.u16(8), at_row = record.u16(10), span = std::max<int>(record.u16(12), 1);
      if (at_row != row || table.rows.empty()) {
        table.rows.emplace_back();
        row = at_row;
        filled = 0;
      }
      if (column > filled) table.rows.back().push_back({{}, column - filled});
      table.rows.back().push_back({std::move(content), span});
      filled = std::max(filled, column) + span;
    }
    line.after.push_back(std::move(table));
  }

  const Information& information_;
  Notes notes_;
  std::map<std::string, Records> note_bodies_;
  HangulParagraphs paragraphs_;
  int outline_ = 0;  // the numbering of the section's outline
};

}  // namespace

Result<OfficeText> read_hwp(std::string_view bytes, const ReaderLimits& limits, TextFormat format,
                            const std::string& where) {
  MALMOI_ASSIGN(HwpStreams streams, unpack_hwp(bytes, limits, where));
  Information information(split_records(streams.information));
  HwpReader reader(information, format);
  std::vector<std::vector<HwpRecord>> sections;  // kept, since notes are read at the end
  Blocks blocks;
  for (const std::string& section : streams.sections) sections.push_back(split_records(section));
  for (const std::vector<HwpRecord>& section : sections) reader.read(section, blocks);
  reader.append_notes(blocks);
  OfficeText out;
  out.title = first_heading(blocks);
  MALMOI_ASSIGN(out.text, write_blocks(blocks, format, limits, bytes.size(), where));
  out.problems = std::move(streams.problems);
  return out;
}

}  // namespace malmoi::data::office
