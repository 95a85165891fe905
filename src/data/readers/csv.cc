// CSV (RFC 4180: quoted fields may hold separators, quotes and line ends) and TSV (no quoting), with a header line.
#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "data/encoding.h"
#include "data/readers/formats.h"
#include "data/readers/lines.h"

namespace malmoi::data {
namespace {

class TableReader : public Reader {
 public:
  TableReader(Input input, char separator, const ReaderOptions& options, const OnSkip& on_skip)
      : id_(std::move(input.id)),
        path_(std::move(input.path)),
        separator_(separator),
        quoting_(separator == ','),
        options_(options),
        on_skip_(on_skip),
        lines_(std::move(input.bytes), options.limits.document_bytes) {}

  Result<bool> next(RawDocument& out) override {
    if (names_.empty()) {
      MALMOI_ASSIGN(bool header, read_header());
      if (!header) return false;
    }
    std::vector<std::string> row;
    while (true) {
      row.clear();
      MALMOI_ASSIGN(bool found, next_row(row));
      if (!found) return false;
      ++rows_;
      if (row.size() == 1 && row[0].empty()) continue;
      std::string id = id_ + "#" + std::to_string(rows_);
      if (text_column_ < 0) MALMOI_TRY(choose_column(row));
      if (std::string problem = fit(row); !problem.empty()) {
        on_skip_({id, rule_, "line " + std::to_string(first_line_) + ": " + problem, true});
        continue;
      }
      fill(out, row, std::move(id));
      return true;
    }
  }

 private:
  Result<bool> read_header() {
    bool found = true, before = true;  // empty lines, and what names the separator
    while (found && before) {
      names_.clear();
      MALMOI_ASSIGN(found, next_row(names_));
      before = names_separator_ || (names_.size() == 1 && ascii_trim(names_[0]).empty());
    }
    for (std::string& name : names_) name = ascii_trim(name);
    header_read_ = true;
    if (found && unclosed_) return invalid_data("a quote in the header is not closed", id_, "close it");
    return found;
  }

  // Spreadsheets of countries with a decimal comma separate by semicolons; others say .csv and mean tabs or bars. A first
  // line `sep=;` says so to spreadsheets, and is no row.
  void choose_separator(std::string_view header) {
    constexpr std::string_view kSays = "sep=";
    names_separator_ = header.size() == kSays.size() + 1 && ascii_lower(header.substr(0, kSays.size())) == kSays;
    if (names_separator_) {
      separator_ = header.back();
      said_ = true;
    }
    if (said_) return;
    size_t commas = 0, semicolons = 0, tabs = 0, bars = 0;
    bool quoted = false;
    for (char c : header) {
      if (c == '"') quoted = !quoted;
      if (quoted) continue;
      commas += c == ',';
      semicolons += c == ';';
      tabs += c == '\t';
      bars += c == '|';
    }
    if (commas == 0 && semicolons + tabs + bars > 0) separator_ = semicolons > 0 ? ';' : tabs > 0 ? '\t' : '|';
  }

  // By its usual names; else, unless one was asked for, the widest cell of the first row. Of cells alone it says which takes what goes
  // beyond the header.
  Status choose_column(const std::vector<std::string>& row) {
    if (options_.cells_alone) {
      text_column_ = static_cast<int>(names_.size()) - 1;
      return {};
    }
    text_column_ = choose_text_field(names_, options_.text_field);
    if (text_column_ >= 0) return {};
    if (!options_.text_field.empty())
      return invalid_data("no column '" + options_.text_field + "'", id_,
                          "name one of the header's columns with text_field");
    size_t widest = 0;
    for (size_t i = 1; i < row.size(); ++i)
      if (row[i].size() > row[widest].size()) widest = i;
    text_column_ = static_cast<int>(widest);
    return {};
  }

  // What is wrong with a row, if anything is. Cells beyond the header belong to a last column of text whose commas were
  // not quoted.
  std::string fit(std::vector<std::string>& row) {
    rule_ = "read.long_line";
    if (too_long_) return "a row longer than the limit";
    rule_ = "read.csv";
    if (unclosed_) return "a quote is opened that nothing closes";
    while (row.size() > names_.size() && row.back().empty()) row.pop_back();
    if (row.size() > names_.size() && static_cast<size_t>(text_column_) + 1 == names_.size()) {
      for (size_t i = names_.size(); i < row.size(); ++i) (row[names_.size() - 1] += separator_) += row[i];
      row.resize(names_.size());
    }
    if (row.size() > names_.size()) return columns(row);
    if (options_.cells_alone) row.resize(names_.size());
    rule_ = "read.no_text";
    return static_cast<size_t>(text_column_) >= row.size() ? columns(row) : "";
  }

  std::string columns(const std::vector<std::string>& row) const {
    return "the row has " + std::to_string(row.size()) + " of " + std::to_string(names_.size()) + " columns";
  }

  void fill(RawDocument& out, std::vector<std::string>& row, std::string id) {
    out = {};
    out.payload = Payload::kReady;
    Document& document = out.document;
    document.id = std::move(id);
    document.path = path_;
    document.encoding = lines_.encoding();
    for (size_t i = 0; i < row.size(); ++i) {
      std::string& value = row[i];
      if (options_.cells_alone) document.meta[names_[i]] = value.empty() ? Json() : Json(std::move(value));
      else if (static_cast<int>(i) == text_column_) document.text = std::move(value);
      else if (names_[i] == "title") document.title = std::move(value);
      else if (!value.empty()) document.meta[names_[i]] = std::move(value);
    }
  }

  // One row, of several lines where a quoted cell holds their ends. False at the end of the file.
  Result<bool> next_row(std::vector<std::string>& row) {
    std::string cell;
    bool quoted = false;
    size_t width = 0;
    too_long_ = unclosed_ = false;
    first_line_ = lines_.number() + 1;
    while (true) {
      std::string_view line;
      MALMOI_ASSIGN(bool more, lines_.next(line));
      if (!more) {
        unclosed_ = quoted;
        if (!quoted) return false;
        break;
      }
      if (!header_read_ && quoting_ && width == 0) choose_separator(line);
      width += line.size() + 1;
      too_long_ |= lines_.too_long() || width > options_.limits.document_bytes;
      if (!too_long_) cut(line, row, cell, quoted);
      if (!quoted || too_long_) break;
      cell += '\n';
    }
    row.push_back(std::move(cell));
    return true;
  }

  // The cells of one line; the last one stays in `cell`. `quoted`: whether it began, and ends, within quotes.
  void cut(std::string_view line, std::vector<std::string>& row, std::string& cell, bool& quoted) const {
    for (size_t i = 0; i < line.size(); ++i) {
      char c = line[i];
      if (quoted) {
        bool twice = c == '"' && i + 1 < line.size() && line[i + 1] == '"';
        if (c != '"' || twice) cell += c;
        else quoted = false;
        i += twice;
      } else if (c == '"' && cell.empty() && quoting_) {
        quoted = true;
      } else if (c == separator_) {
        row.push_back(std::exchange(cell, {}));
      } else {
        cell += c;
      }
    }
  }

  std::string id_, path_;
  char separator_;
  bool quoting_;  // TSV has none
  bool header_read_ = false;
  bool names_separator_ = false, said_ = false;  // the line at hand, and one before it
  ReaderOptions options_;
  OnSkip on_skip_;
  DecodedLines lines_;
  std::vector<std::string> names_;
  int text_column_ = -1;
  uint64_t rows_ = 0, first_line_ = 0;
  bool too_long_ = false, unclosed_ = false;
  const char* rule_ = "";
};

}  // namespace

std::unique_ptr<Reader> make_csv_reader(Input input, const ReaderOptions& options, const OnSkip& on_skip) {
  return std::make_unique<TableReader>(std::move(input), ',', options, on_skip);
}

std::unique_ptr<Reader> make_tsv_reader(Input input, const ReaderOptions& options, const OnSkip& on_skip) {
  return std::make_unique<TableReader>(std::move(input), '\t', options, on_skip);
}

}  // namespace malmoi::data
