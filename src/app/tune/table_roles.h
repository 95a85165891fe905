// Which column of a table is what to a goal: by its name, else by what stands in it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "app/tune/goal.h"
#include "app/tune/table_look.h"
#include "base/error.h"
#include "base/json.h"

namespace malmoi::app {

/// Columns by the roles of the goal's objective, in the order in which they are told.
struct TableRoles {
  std::vector<std::pair<std::string, std::string>> columns;  // role, name

  const std::string* find(std::string_view role) const;
  void add(std::string_view role, std::string name) { columns.emplace_back(role, std::move(name)); }
  Json to_json() const;
  /// "text is 'document', label is 'label'".
  std::string told() const;
};

/// `asked`: columns that somebody has named, {role: name}; they are taken as they are. Errors, with what was found and how to name columns:
/// none that could be it, more than one; labels that are numbers with fractions or nearly all different; pairs that
/// stand in one column; pairs with labels that are no measure of how much they are alike.
Result<TableRoles> find_roles(TuneGoal goal, const TableLook& look, const Json& asked, const std::string& where);

}  // namespace malmoi::app
