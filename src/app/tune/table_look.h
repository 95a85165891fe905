// A look at a table before it is known what its columns mean: their names, and what stands in the first rows.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

namespace malmoi::app {

/// A column by its first rows.
struct ColumnLook {
  std::string name;
  uint64_t filled = 0;                     // rows that have a text, a number or a truth value there
  uint64_t nested = 0;                     // rows that have a list or an object there
  uint64_t numbers = 0;                    // of the filled ones, those that are numbers
  uint64_t whole = 0;                      // of the numbers, whole ones
  uint64_t bytes = 0;                      // of all filled cells
  std::map<std::string, uint64_t> values;  // how often each came
  double largest = 0;                      // number

  double mean_bytes() const { return filled > 0 ? static_cast<double>(bytes) / static_cast<double>(filled) : 0; }
  bool all_numbers() const { return filled > 0 && numbers == filled; }
  void add(const Json& cell);
};

struct TableLook {
  uint64_t rows = 0;                // that were looked at
  std::vector<ColumnLook> columns;  // in their order

  const ColumnLook* find(const std::string& name) const;
  void add(const Json& cells);
  /// "id (200 different, as '17'), text (...)": for whoever has to say what is what.
  std::string described() const;
};

/// Looks at the first thousand rows of a table as data::for_each_table_row reads it. Errors: its; a file without rows.
Result<TableLook> look_at_table(const Path& path);

}  // namespace malmoi::app
