#include "app/eval/table_rows.h"

#include <algorithm>

#include <fmt/format.h>

#include "data/table.h"
#include "train/objective.h"

namespace malmoi::app {
namespace {

using train::TableColumn;

Status check_roles(const std::map<std::string, std::string>& columns, std::span<const TableColumn> roles) {
  std::vector<std::string_view> names;
  for (const TableColumn& role : roles) names.push_back(role.role);
  for (const auto& [role, column] : columns) {
    if (std::ranges::find(names, role) == names.end())
      return usage_error("the model reads no '" + role + "'", "columns",
                         fmt::format("name {}", fmt::join(names, ", ")));
  }
  return {};
}

}  // namespace

Status for_each_judged_row(const std::vector<std::string>& tables, const TableEvalOptions& options,
                           std::string_view objective, int64_t limit,
                           const std::function<Status(const train::TableCells& row)>& take) {
  const std::span<const TableColumn> roles = train::objective_entry(objective).table.columns;
  MALMOI_TRY(check_roles(options.columns, roles));
  std::vector<std::string> columns;
  for (const TableColumn& role : roles) {
    auto named = options.columns.find(std::string(role.role));
    columns.push_back(named == options.columns.end() ? std::string(role.role) : named->second);
  }
  int64_t rows = 0;
  for (const std::string& table : tables) {
    MALMOI_TRY(data::for_each_table_row(table, columns[0], [&](data::TableRow&& row) -> Status {
      if (limit > 0 && rows >= limit) return {};
      ++rows;
      std::vector<const Json*> cells;
      for (const std::string& column : columns) cells.push_back(row.find(column));
      return take({cells, row.where});
    }));
  }
  if (rows == 0) return invalid_data("holds no rows", tables.empty() ? "table" : tables[0], "add some");
  return {};
}

Result<std::vector<AskedRow>> read_asked_rows(const std::vector<std::string>& tables, const TableEvalOptions& options,
                                              std::string_view objective, int64_t limit) {
  const std::span<const TableColumn> roles = train::objective_entry(objective).table.columns;
  const size_t last = roles.size() - 1;
  std::vector<AskedRow> rows;
  MALMOI_TRY(for_each_judged_row(tables, options, objective, limit, [&](const train::TableCells& row) -> Status {
    AskedRow asked{.input = {}, .target = {}, .pair = {}, .where = std::string(row.where)};
    MALMOI_ASSIGN(asked.input, train::cell_text(row.find(0), roles[0].role, row.where));
    MALMOI_ASSIGN(asked.target, train::cell_text(row.find(last), roles[last].role, row.where));
    if (const Json* pair = last > 1 ? row.find(1) : nullptr) {
      MALMOI_ASSIGN(asked.pair, train::cell_text(pair, roles[1].role, row.where));
    }
    rows.push_back(std::move(asked));
    return {};
  }));
  return rows;
}

std::string shown(const TextPair& text) { return text.pair ? text.text + " / " + *text.pair : text.text; }

}  // namespace malmoi::app
