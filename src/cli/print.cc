// What reports look like: fields of one object a line each, or the object as JSON.
#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/shown.h"
#include "cli/command.h"
#include "cli/terminal.h"

namespace malmoi::cli {
namespace {

std::string shown(const Json& value) {
  return value.is_string() ? show_controls(value.get<std::string>()) : dump_json(value);
}

bool is_table(const Json& value) {
  return value.is_array() && !value.empty() &&
         std::ranges::all_of(value, [](const Json& row) { return row.is_object(); });
}

// A row of a table; numbers in the four digits that a reader compares.
std::vector<std::string> cells_of(const Json& row, const std::vector<std::string>& columns) {
  std::vector<std::string> cells;
  for (const std::string& column : columns) {
    const Json value = row.contains(column) ? row[column] : Json("");
    cells.push_back(value.is_number_float() ? fmt::format("{:.4g}", value.get<double>()) : shown(value));
  }
  return cells;
}

// Rows below their name, indented, under the names of their columns; each column as wide as its widest cell.
void print_table(const std::string& name, const Json& rows) {
  std::vector<std::string> columns;
  for (const auto& [column, value] : rows[0].items()) columns.push_back(column);
  std::vector<std::vector<std::string>> lines{columns};
  for (const Json& row : rows) lines.push_back(cells_of(row, columns));
  std::vector<size_t> widths(columns.size());
  for (const auto& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  fmt::print("{}\n", name);
  for (const auto& line : lines) {
    std::string text;
    for (size_t i = 0; i < line.size(); ++i) text += fmt::format("  {:<{}}", line[i], widths[i]);
    text.erase(text.find_last_not_of(' ') + 1);
    fmt::print("{}\n", text);
  }
}

}  // namespace

void print_json(const Json& value) { fmt::print("{}\n", for_stdout(dump_json(value))); }

void print_fields(const Json& object, bool json, int width) {
  if (json) {
    print_json(object);
    return;
  }
  for (const auto& [key, value] : object.items()) {
    if (is_table(value)) print_table(key, value);
    else fmt::print("{:<{}} {}\n", key, width, shown(value));
  }
}

}  // namespace malmoi::cli
