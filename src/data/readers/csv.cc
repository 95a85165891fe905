// CSV (RFC 4180: quoted fields may hold separators, quotes and line ends) and TSV (no quoting), with a header line.
#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "data/encoding.h"
#include "data/readers/formats.h"

namespace malmoi::data {
namespace {

class TableReader : public Reader {
 public:
  TableReader(Input input, char separator, const ReaderOptions& options, const OnSkip& on_skip)
      : input_(std::move(input)),
        separator_(separator),
        quoting_(separator == ','),
        options_(options),
        on_skip_(on_skip) {}

  Result<bool> next(RawDocument& out) override {
    std::vector<std::string> row;
    if (names_.empty()) {
      MALMOI_ASSIGN(bool header, next_row(names_));
      if (!header) return false;
      for (std::string& name : names_) name = to_text(name);
      if (!names_.empty() && names_[0].starts_with("\xEF\xBB\xBF")) names_[0].erase(0, 3);
      if (names_.size() == 1 && separator_ == ',') choose_separator();
    }
    while (true) {
      row.clear();
      MALMOI_ASSIGN(bool found, next_row(row));
      if (!found) return false;
      ++rows_;
      if (row.size() == 1 && row[0].empty()) continue;
      std::string id = input_.id + "#" + std::to_string(rows_);
      if (too_long_) {
        on_skip_({id, "read.long_line", "a row longer than the limit", true});
        continue;
      }
      if (text_column_ < 0) MALMOI_TRY(choose_column(row));
      if (static_cast<size_t>(text_column_) >= row.size()) {
        on_skip_({id, "read.no_text",
                  "the row has " + std::to_string(row.size()) + " of " + std::to_string(names_.size()) + " columns",
                  true});
        continue;
      }
      fill(out, row, id);
      return true;
    }
  }

 private:
  // Spreadsheets of countries with a decimal comma separate by semicolons; others say .csv and mean tabs.
  void choose_separator() {
    std::string header = std::exchange(names_, {})[0];
    char other = header.find(';') != std::string::npos ? ';' : header.find('\t') != std::string::npos ? '\t' : ',';
    separator_ = other;
    for (size_t begin = 0; begin <= header.size();) {
      size_t end = std::min(header.find(other, begin), header.size());
      std::string_view name = std::string_view(header).substr(begin, end - begin);
      if (name.size() >= 2 && name.front() == '"' && name.back() == '"') name = name.substr(1, name.size() - 2);
      names_.emplace_back(name);
      begin = end + 1;
    }
  }

  // By its usual names; else, unless one was asked for, the widest cell of the first row.
  Status choose_column(const std::vector<std::string>& row) {
    text_column_ = choose_text_field(names_, options_.text_field);
    if (text_column_ >= 0) return {};
    if (!options_.text_field.empty())
      return invalid_data("no column '" + options_.text_field + "'", input_.id,
                          "name one of the header's columns with text_field");
    size_t widest = 0;
    for (size_t i = 1; i < row.size(); ++i)
      if (row[i].size() > row[widest].size()) widest = i;
    text_column_ = static_cast<int>(widest);
    return {};
  }

  void fill(RawDocument& out, const std::vector<std::string>& row, std::string id) {
    out = {};
    out.payload = Payload::kReady;
    Document& document = out.document;
    document.id = std::move(id);
    document.path = input_.path;
    document.encoding = encoding_;
    for (size_t i = 0; i < row.size(); ++i) {
      std::string value = to_text(row[i]);
      if (static_cast<int>(i) == text_column_) document.text = std::move(value);
      else if (i < names_.size() && names_[i] == "title") document.title = std::move(value);
      else if (i < names_.size() && !value.empty()) document.meta[names_[i]] = std::move(value);
    }
    document.encoding = encoding_;
  }

  // Cells in CP949 are common in Korean tables; a file keeps one encoding.
  std::string to_text(const std::string& cell) {
    if (is_valid_utf8(cell)) return cell;
    auto decoded = decode_text(cell, "cp949");
    if (!decoded.ok()) return replace_invalid_utf8(cell);
    encoding_ = decoded->encoding;
    return decoded->text;
  }

  Result<int> get() {
    if (at_ == end_) {
      if (finished_) return -1;
      MALMOI_ASSIGN(end_, input_.bytes->read(buffer_, sizeof buffer_));
      at_ = 0;
      if (end_ == 0) {
        finished_ = true;
        return -1;
      }
    }
    return static_cast<unsigned char>(buffer_[at_++]);
  }

  Result<bool> next_row(std::vector<std::string>& row) {
    std::string cell;
    bool quoted = false, was_quote = false, any = false;
    size_t width = 0;
    too_long_ = false;
    while (true) {
      MALMOI_ASSIGN(int c, get());
      if (c < 0) {
        if (!any) return false;
        break;
      }
      any = true;
      if (++width > options_.limits.document_bytes) {
        too_long_ = true;
        if (c == '\n') break;
        continue;
      }
      if (quoted) {
        if (was_quote) {
          was_quote = false;
          if (c == '"') {
            cell += '"';
            continue;
          }
          quoted = false;  // the quote before was the closing one; c is read as outside
        } else if (c == '"') {
          was_quote = true;
          continue;
        } else {
          cell += static_cast<char>(c);
          continue;
        }
      }
      if (c == '"' && cell.empty() && quoting_) quoted = true;
      else if (c == separator_) row.push_back(std::move(cell)), cell.clear();
      else if (c == '\n') break;
      else if (c != '\r') cell += static_cast<char>(c);
    }
    row.push_back(std::move(cell));
    return true;
  }

  Input input_;
  char separator_;
  bool quoting_;  // TSV has none
  ReaderOptions options_;
  OnSkip on_skip_;
  std::vector<std::string> names_;
  std::string encoding_ = "utf-8";
  int text_column_ = -1;
  uint64_t rows_ = 0;
  char buffer_[1 << 16];
  size_t at_ = 0, end_ = 0;
  bool finished_ = false, too_long_ = false;
};

}  // namespace

std::unique_ptr<Reader> make_csv_reader(Input input, const ReaderOptions& options, const OnSkip& on_skip) {
  return std::make_unique<TableReader>(std::move(input), ',', options, on_skip);
}

std::unique_ptr<Reader> make_tsv_reader(Input input, const ReaderOptions& options, const OnSkip& on_skip) {
  return std::make_unique<TableReader>(std::move(input), '\t', options, on_skip);
}

}  // namespace malmoi::data
