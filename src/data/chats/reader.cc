#include "data/chats/reader.h"

#include <utility>

#include <fmt/format.h>

#include "base/ascii.h"
#include "data/chats/shapes.h"
#include "data/json_text.h"
#include "data/readers/formats.h"
#include "data/readers/lines.h"
#include "data/table.h"

namespace malmoi::data {
namespace {

constexpr uint64_t kMostJson = 4ull << 30;  // of one list, which is held whole

// What a file begins with, behind white space and a byte order mark.
Result<std::string> head_of(const Path& path) {
  MALMOI_ASSIGN(auto source, open_line_source(path.string()));
  std::string head(4096, '\0');
  MALMOI_ASSIGN(const size_t size, source->read(head.data(), head.size()));
  head.resize(size);
  if (head.starts_with("\xEF\xBB\xBF")) head.erase(0, 3);
  return std::string(ascii_trim(head));
}

// Each row of a JSON list.
Status each_of_list(const Path& path, const TableSink& sink) {
  MALMOI_ASSIGN(auto source, open_line_source(path.string()));
  MALMOI_ASSIGN(std::string text, read_all(*source, kMostJson, path.string()));
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  MALMOI_ASSIGN(Json list, parse_foreign_json(text, path.string()));
  text = {};
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string where = fmt::format("{} (row {})", path.string(), i + 1);
    if (!list[i].is_object()) return invalid_data("is no JSON object", where, "write a list of objects");
    MALMOI_TRY(sink({.cells = std::move(list[i]), .where = where}));
  }
  return {};
}

std::string column_names(const Json& cells) {
  std::string names;
  for (const auto& [name, value] : cells.items()) names += (names.empty() ? "" : ", ") + name;
  return names.empty() ? "none" : names;
}

Result<ChatShape> shape_of_row(const TableRow& row) {
  if (auto found = find_shape(row.cells)) return *found;
  return invalid_data(
      "no shape of conversations has these columns: " + column_names(row.cells), row.where,
      fmt::format("name them as one of {} has them, or say data.shape", fmt::join(kChatShapeNames, ", ")));
}

}  // namespace

Result<ChatShape> for_each_chat(const Path& path, std::optional<ChatShape> shape, const ChatSink& sink) {
  if (!malmoi::exists(path))
    return not_found("there are no such conversations", path.string(), "check data.train and data.valid");
  MALMOI_ASSIGN(const std::string head, head_of(path));
  if (head.starts_with("PAR1")) return unsupported("Parquet cannot be read here", path.string(), kConvertParquet);
  bool any = false;
  const TableSink take = [&](TableRow&& row) -> Status {
    any = true;
    if (!shape) {
      MALMOI_ASSIGN(shape, shape_of_row(row));
    }
    return sink(read_chat_row(row.cells, *shape, row.where));
  };
  const std::string ending = table_ending(path);
  const bool is_json = ending == ".json" || ending == ".jsonl" || ending == ".ndjson";
  if (is_json && head.starts_with('[')) MALMOI_TRY(each_of_list(path, take));
  else MALMOI_TRY(for_each_table_row(path, "", take));
  if (!any) return invalid_data("holds no rows", path.string(), "add some");
  return *shape;
}

}  // namespace malmoi::data
