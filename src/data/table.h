// Rows with named columns out of CSV, TSV and JSON lines: what is learned from beside running text.
#pragma once

#include <functional>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

namespace malmoi::data {

struct TableRow {
  Json cells = Json::object();  // by column: texts, of JSON lines any value
  std::string where;            // file and line or row

  /// The cell of a column; null: the row has none, or an empty one.
  const Json* find(const std::string& column) const {
    auto found = cells.find(column);
    return found == cells.end() || found->is_null() ? nullptr : &*found;
  }
};

using TableSink = std::function<Status(TableRow&& row)>;

/// The ending of a table's name in small letters, without that of zstd.
std::string table_ending(const Path& path);

/// Every row of a file, in order: JSON lines (.jsonl, .ndjson, plain or zstd), CSV (.csv), or tab-separated with a header
/// line (.tsv, .txt), in whatever encoding it is. `text_column` empty: it is not known yet what the columns mean, and rows may lack any.
/// Errors: a file that is not there or of another kind (Parquet: with the conversion), a row that cannot be read, one without a text under
/// `text_column`, and those of `sink`: a table is learned from whole or not at all.
Status for_each_table_row(const Path& path, const std::string& text_column, const TableSink& sink);

}  // namespace malmoi::data
