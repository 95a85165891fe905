#include "app/tune/table_look.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/shown.h"
#include "base/utf8.h"
#include "data/table.h"

namespace malmoi::app {
namespace {

constexpr uint64_t kRowsLookedAt = 1000;
constexpr size_t kShownCharacters = 24;

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

Result<TableLook> look_at_table(const Path& path) {
  if (!malmoi::exists(path)) return not_found("there is no such file", path.string(), "check --data");
  TableLook look;
  bool enough = false;
  const Status read = data::for_each_table_row(path, "", [&](data::TableRow&& row) -> Status {
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
