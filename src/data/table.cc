#include "data/table.h"

#include <optional>
#include <utility>

#include "base/ascii.h"
#include "data/json_text.h"
#include "data/readers/formats.h"
#include "data/readers/input_stream.h"
#include "data/readers/lines.h"

namespace malmoi::data {
namespace {

enum class TableKind { kJsonLines, kCsv, kTsv };

// Data sets of the field call tab-separated files .txt.
std::optional<TableKind> kind_of(std::string_view ending) {
  if (ending == ".jsonl" || ending == ".ndjson" || ending == ".json") return TableKind::kJsonLines;
  if (ending == ".csv") return TableKind::kCsv;
  if (ending == ".tsv" || ending == ".txt" || ending == ".tab") return TableKind::kTsv;
  return {};
}

Status each_json_line(const Path& path, const TableSink& sink) {
  MALMOI_ASSIGN(auto source, open_line_source(path.string()));
  DecodedLines lines(std::move(source), ReaderLimits().document_bytes);
  std::string_view line;
  while (true) {
    MALMOI_ASSIGN(bool more, lines.next(line));
    if (!more) return {};
    const std::string where = path.string() + " (line " + std::to_string(lines.number()) + ")";
    if (lines.too_long()) return invalid_data("the line is longer than the limit", where, "split the record");
    if (ascii_trim(line).empty()) continue;
    TableRow row{.where = where};
    MALMOI_ASSIGN(row.cells, parse_foreign_json(line, where));
    if (!row.cells.is_object()) return invalid_data("is not a JSON object", where, "write an object on each line");
    MALMOI_TRY(sink(std::move(row)));
  }
}

Status each_separated_row(const Path& path, TableKind kind, const std::string& text_column, const TableSink& sink) {
  MALMOI_ASSIGN(auto bytes, open_file_source(path));
  std::optional<Skip> skipped;
  Input input{.bytes = std::move(bytes), .id = path.string(), .path = path.string(), .name = path.filename().string()};
  input.named = true;
  const ReaderOptions options{
      .format = kind == TableKind::kCsv ? "csv" : "tsv", .text_field = text_column, .cells_alone = text_column.empty()};
  const OnSkip on_skip = [&](Skip skip) { skipped = std::move(skip); };
  MALMOI_ASSIGN(auto reader, open_reader(std::move(input), options, on_skip));
  RawDocument raw;
  while (reader) {
    MALMOI_ASSIGN(bool more, reader->next(raw));
    if (skipped) return invalid_data(skipped->detail, skipped->id, "mend the row, or take it out");
    if (!more) return {};
    TableRow row{.cells = std::move(raw.document.meta), .where = raw.document.id};
    if (!raw.document.title.empty()) row.cells["title"] = std::move(raw.document.title);
    if (!text_column.empty()) row.cells[text_column] = std::move(raw.document.text);
    MALMOI_TRY(sink(std::move(row)));
  }
  return {};
}

}  // namespace

std::string table_ending(const Path& path) {
  const std::string ending = ascii_lower(path.extension().string());
  return ending == ".zst" ? ascii_lower(path.stem().extension().string()) : ending;
}

Status for_each_table_row(const Path& path, const std::string& text_column, const TableSink& sink) {
  if (!malmoi::exists(path))
    return not_found("there is no such table", path.string(), "check data.train and data.valid");
  const std::string ending = table_ending(path);
  if (ending == ".parquet") return unsupported("Parquet cannot be read here", path.string(), kConvertParquet);
  const std::optional<TableKind> kind = kind_of(ending);
  if (!kind)
    return unsupported("the kind of table is not known by its ending", path.string(),
                       "use .tsv, .csv or .jsonl (tab-separated .txt is read, too)");
  if (*kind == TableKind::kJsonLines) return each_json_line(path, sink);
  return each_separated_row(path, *kind, text_column, sink);
}

}  // namespace malmoi::data
