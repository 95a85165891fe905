#include "app/tune/table_look.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/shown.h"
#include "base/utf8.h"
#include "data/readers/formats.h"
#include "data/readers/lines.h"
#include "data/table.h"

namespace malmoi::app {
namespace {

constexpr uint64_t kRowsLookedAt = 1000;
constexpr size_t kShownCharacters = 24;

// The ending of a file's name, without that of zstd.
std::string table_ending(const Path& path) {
  std::string ending = ascii_lower(path.extension().string());
  return ending == ".zst" ? ascii_lower(path.stem().extension().string()) : ending;
}

// What stands between separators; quotes around a name are not its own. The separator is that of the CSV reader.
std::string last_name(std::string_view header, bool tabs) {
  char separator = '\t';
  if (!tabs) {
    const auto comma = header.find(',');
    separator = ',';
    for (char other : {'|', '\t', ';'}) {
      if (comma == std::string_view::npos && header.find(other) != std::string_view::npos) separator = other;
    }
  }
  std::string name;
  bool quoted = false;
  for (char c : header) {
    if (c == '"' && !tabs) quoted = !quoted;
    else if (c == separator && !quoted) name.clear();
    else name += c;
  }
  return std::string(ascii_trim(name));
}

std::string beginning_of(const std::string& text) {
  size_t at = 0;
  for (size_t n = 0; n < kShownCharacters && at < text.size(); ++n) at += decode_utf8(text, at).length;
  return show_controls(text.substr(0, at)) + (at < text.size() ? "..." : "");
}

}  // namespace

void ColumnLook::add(const Json& cell) {
  if (cell.is_null()) return;
  if (cell.is_array() || cell.is_object()) {
    ++nested;
    return;
  }
  const std::string text = cell.is_string() ? cell.get<std::string>() : dump_json(cell);
  if (ascii_trim(text).empty()) return;
  ++filled;
  bytes += text.size();
  ++values[text];
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) return;
  largest = numbers == 0 ? number : std::max(largest, number);
  ++numbers;
  whole += number == std::floor(number);
}

const ColumnLook* TableLook::find(const std::string& name) const {
  const auto found = std::ranges::find(columns, name, &ColumnLook::name);
  return found == columns.end() ? nullptr : &*found;
}

void TableLook::add(const Json& cells) {
  ++rows;
  for (const auto& [name, cell] : cells.items()) {
    auto found = std::ranges::find(columns, name, &ColumnLook::name);
    if (found == columns.end()) found = columns.insert(found, {.name = name});
    found->add(cell);
  }
}

std::string TableLook::described() const {
  constexpr size_t kMostColumns = 20;
  std::string text;
  for (size_t i = 0; i < std::min(columns.size(), kMostColumns); ++i) {
    const ColumnLook& column = columns[i];
    text += (i ? ", " : "") + show_controls(column.name);
    if (column.nested > 0) text += " (lists or objects)";
    else if (column.filled == 0) text += " (empty)";
    else
      text += fmt::format(" ({} different, as '{}')", column.values.size(), beginning_of(column.values.begin()->first));
  }
  return columns.size() > kMostColumns ? text + " ..." : text;
}

Result<std::string> last_column(const Path& path) {
  const std::string ending = table_ending(path);
  if (ending == ".jsonl" || ending == ".ndjson" || ending == ".json") return std::string();
  constexpr uint64_t kLongestHeader = 1 << 20;
  MALMOI_ASSIGN(auto source, data::open_line_source(path.string()));
  data::DecodedLines lines(std::move(source), kLongestHeader);
  std::string_view line;
  while (true) {
    MALMOI_ASSIGN(const bool more, lines.next(line));
    if (!more) return invalid_data("holds no rows", path.string(), "add some");
    // Spreadsheets are told their separator by a first line, which names no column.
    if (!ascii_trim(line).empty() && !ascii_lower(line).starts_with("sep=")) break;
  }
  return last_name(line, ending != ".csv");
}

Result<TableLook> look_at_table(const Path& path) {
  if (!malmoi::exists(path)) return not_found("there is no such file", path.string(), "check --data");
  if (table_ending(path) == ".parquet")
    return unsupported("Parquet cannot be read here", path.string(), data::kConvertParquet);
  MALMOI_ASSIGN(const std::string column, last_column(path));
  TableLook look;
  bool enough = false;
  const Status read = data::for_each_table_row(path, column, [&](data::TableRow&& row) -> Status {
    look.add(row.cells);
    enough = look.rows == kRowsLookedAt;
    if (enough) return Error{ErrorCode::kCancelled, "enough was read", {}, {}};
    return {};
  });
  if (!read.ok() && !enough) return read.error();
  if (look.rows == 0) return invalid_data("holds no rows", path.string(), "add some");
  return look;
}

}  // namespace malmoi::app
