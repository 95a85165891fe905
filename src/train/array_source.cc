#include "train/array_source.h"

#include <algorithm>
#include <optional>

#include "formats/npy.h"

namespace malmoi::train {
namespace {

// The file of a column; none where an optional one is absent.
Result<std::optional<formats::NpyArray>> open_column(const Path& folder, const ArrayColumn& column) {
  Path path = folder / (std::string(column.name) + ".npy");
  std::optional<formats::NpyArray> none;
  if (!malmoi::exists(path)) {
    if (column.optional) return none;
    return not_found("the array is missing", path.string(), "data.format: arrays needs it for this objective");
  }
  MALMOI_ASSIGN(formats::NpyArray array, formats::NpyArray::open(path));
  if (array.shape().empty() || array.size() == 0)
    return invalid_data("holds no rows", path.string(), "write an array of [rows, length]");
  return std::optional<formats::NpyArray>(std::move(array));
}

int64_t row_length(const formats::NpyArray& array, const ArrayColumn& column) {
  return column.axis == ArrayAxis::kRow ? 1 : array.shape().back();
}

}  // namespace

Result<int64_t> longest_array_row(const Path& folder, const ArrayFormat& format) {
  int64_t length = 1;
  for (const ArrayColumn& column : format.columns) {
    MALMOI_ASSIGN(auto array, open_column(folder, column));
    if (array) length = std::max(length, row_length(*array, column));
  }
  return length;
}

Result<std::unique_ptr<RowSource>> open_arrays(const Path& folder, const ArrayFormat& format, const RowLimits& limits,
                                               const RowOrder& order) {
  std::vector<RowColumn> columns;
  for (const ArrayColumn& column : format.columns) {
    RowColumn& values = columns.emplace_back();
    values.where = (folder / (std::string(column.name) + ".npy")).string();
    MALMOI_ASSIGN(auto array, open_column(folder, column));
    if (!array) continue;
    const auto length = static_cast<size_t>(row_length(*array, column));
    for (size_t at = 0; at <= static_cast<size_t>(array->size()); at += length) values.starts.push_back(at);
    if (column.values == ArrayValues::kNumbers) {
      MALMOI_ASSIGN(values.numbers, array->values<float>());
    } else {
      MALMOI_ASSIGN(values.integers, array->values<int32_t>());
    }
  }
  return RowSource::make(std::move(columns), format, limits, order, folder.string());
}

}  // namespace malmoi::train
