#include "train/array_source.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "formats/npy.h"

namespace malmoi::train {
namespace {

Path path_of(const Path& folder, const ArrayColumn& column) { return folder / (std::string(column.name) + ".npy"); }

// The file of a column; none where an optional one is absent.
Result<std::optional<formats::NpyArray>> open_column(const Path& folder, const ArrayColumn& column) {
  Path path = path_of(folder, column);
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

// The values that a column may hold: [low, high).
struct Range {
  int64_t low, high;
  const char* meaning;
};
Range range_of(const ArrayColumn& column, const ArrayLimits& limits, int64_t positions) {
  switch (column.values) {
    case ArrayValues::kIds: return {0, limits.vocab_size, "the vocabulary"};
    case ArrayValues::kMask: return {0, 2, "a mask's values"};
    case ArrayValues::kTokenTypes:
      return {0, limits.token_types > 0 ? limits.token_types : INT32_MAX, "the model's token types"};
    case ArrayValues::kLabels: return {0, limits.outputs, "the model's labels"};
    case ArrayValues::kFlags: return {0, 2, "a flag's values"};
    case ArrayValues::kPlaces: return {0, positions, "the positions of a row"};
    case ArrayValues::kNumbers: break;
  }
  return {INT32_MIN, INT32_MAX, "integers"};
}

constexpr int32_t kNoLabel = -100;  // as published data sets mark what does not count

bool is_label(ArrayValues values) {
  return values == ArrayValues::kLabels || values == ArrayValues::kFlags || values == ArrayValues::kPlaces;
}

// `positions`: of a row of tokens.
Status check_integers(const std::vector<int32_t>& values, int64_t length, const ArrayColumn& column,
                      const ArrayLimits& limits, int64_t positions, const std::string& where) {
  const Range range = range_of(column, limits, positions);
  for (size_t i = 0; i < values.size(); ++i) {
    int32_t value = values[i];
    bool fits = value >= range.low && value < range.high;
    if (fits || (is_label(column.values) && value == kNoLabel)) continue;
    return invalid_data(fmt::format("row {}: {} is outside {}, 0 to {}", i / static_cast<size_t>(length), value,
                                    range.meaning, range.high - 1),
                        where, "the arrays were made for another model");
  }
  return {};
}

Status check_numbers(const std::vector<float>& values, int64_t length, const std::string& where) {
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i]))
      return invalid_data(fmt::format("row {}: a value is not finite", i / static_cast<size_t>(length)), where,
                          "leave such rows out");
  }
  return {};
}

// What the mask says of a row and its labels.
Status check_row(const ArrayRow& row, const ArrayFormat& format, const ArrayLimits& limits, int64_t index,
                 const Path& folder) {
  std::span<const int32_t> mask;
  for (size_t c = 0; c < format.columns.size(); ++c) {
    const ArrayColumn& column = format.columns[c];
    const std::string where = path_of(folder, column).string();
    if (column.values == ArrayValues::kMask) {
      mask = row.integers[c];
      RealTokens real = real_tokens(mask);
      if (real.length == 0)
        return invalid_data(fmt::format("row {} has no token: its mask is 0 throughout", index), where, "leave it out");
      if (format.whole_rows) real = whole_row(mask);
      if (static_cast<int64_t>(real.begin + real.length) > limits.max_positions)
        return invalid_data(fmt::format("row {} has {} positions, the model has {}", index, real.begin + real.length,
                                        limits.max_positions),
                            where, "cut the rows");
    }
    if (column.values != ArrayValues::kLabels || column.axis != ArrayAxis::kToken || mask.empty()) continue;
    for (size_t t = 0; t < mask.size(); ++t) {
      if (mask[t] == 0 && row.integers[c][t] >= 0)
        return invalid_data(fmt::format("row {} has a label at position {}, which its mask calls padding", index, t),
                            where, "write -100 there");
    }
  }
  return {};
}

Status check_rules(const ArrayFormat& format, const ArrayLimits& limits) {
  bool decodes = std::any_of(format.columns.begin(), format.columns.end(),
                             [](const ArrayColumn& c) { return c.axis == ArrayAxis::kOutput; });
  auto is_token = [&](int32_t id) { return id >= 0 && id < limits.vocab_size; };
  if (!decodes || (is_token(limits.rules.decoder_start_token_id) && is_token(limits.rules.pad_token_id))) return {};
  return invalid_data("the model names no decoder_start_token_id or pad_token_id of its vocabulary", "model",
                      "set them in its config.json");
}

}  // namespace

RealTokens real_tokens(std::span<const int32_t> mask) {
  auto real = [](int32_t m) { return m != 0; };
  auto first = std::find_if(mask.begin(), mask.end(), real);
  auto last = std::find_if(mask.rbegin(), mask.rend(), real).base();
  if (first == mask.end()) return {};
  return {static_cast<size_t>(first - mask.begin()), static_cast<size_t>(last - first)};
}

ArrayLimits array_limits(const model::Model& model) {
  return {.vocab_size = model.vocab_size(),
          .outputs = model.outputs(),
          .max_positions = model.max_positions(),
          .token_types = model.sizes.token_types,
          .rules = {model.decoder_start_token_id, model.pad_token_id}};
}

Result<int64_t> ArraySource::longest(const Path& folder, const ArrayFormat& format) {
  int64_t length = 1;
  for (const ArrayColumn& column : format.columns) {
    MALMOI_ASSIGN(auto array, open_column(folder, column));
    if (array) length = std::max(length, row_length(*array, column));
  }
  return length;
}

Result<std::unique_ptr<ArraySource>> ArraySource::open(const Path& folder, const ArrayFormat& format,
                                                       const ArrayLimits& limits, const ArrayOptions& options) {
  MALMOI_TRY(check_rules(format, limits));
  auto source = std::make_unique<ArraySource>();
  source->format_ = format;
  source->rules_ = limits.rules;
  source->options_ = options;
  int64_t tokens_of_a_row = 0;
  for (const ArrayColumn& column : format.columns) {
    Column& values = source->columns_.emplace_back();
    MALMOI_ASSIGN(auto array, open_column(folder, column));
    if (!array) continue;
    const std::string where = path_of(folder, column).string();
    values.length = row_length(*array, column);
    const int64_t rows = array->size() / values.length;
    if (source->rows_ == 0) source->rows_ = rows;
    if (rows != source->rows_)
      return invalid_data(fmt::format("has {} rows, the files before it have {}", rows, source->rows_), where,
                          "the arrays do not belong together");
    if (column.axis == ArrayAxis::kToken) {
      if (tokens_of_a_row == 0) tokens_of_a_row = values.length;
      if (values.length != tokens_of_a_row)
        return invalid_data(fmt::format("has rows of {}, the files before it of {}", values.length, tokens_of_a_row),
                            where, "the arrays do not belong together");
    }
    if (column.values == ArrayValues::kNumbers) {
      MALMOI_ASSIGN(values.numbers, array->values<float>());
      MALMOI_TRY(check_numbers(values.numbers, values.length, where));
    } else {
      MALMOI_ASSIGN(values.integers, array->values<int32_t>());
      MALMOI_TRY(check_integers(values.integers, values.length, column, limits, tokens_of_a_row, where));
    }
  }
  Examples one;
  bool counts = false;  // any target
  for (int64_t r = 0; r < source->rows_; ++r) {
    ArrayRow row = source->row(r);
    MALMOI_TRY(check_row(row, format, limits, r, folder));
    one.clear();
    format.append(row, limits.rules, one);
    source->tokens_ += static_cast<uint64_t>(one.tokens());
    counts |= std::any_of(one.targets.begin(), one.targets.end(), [](int32_t t) { return t >= 0; });
    if (one.decoder.rows() > limits.max_positions)
      return invalid_data(fmt::format("row {}: the output has {} tokens, the model has {} positions", r,
                                      one.decoder.rows(), limits.max_positions),
                          folder.string(), "cut the rows");
  }
  auto labels = std::find_if(format.columns.begin(), format.columns.end(),
                             [](const ArrayColumn& c) { return is_label(c.values); });
  if (labels != format.columns.end() && !counts)
    return invalid_data("none of its labels counts", path_of(folder, *labels).string(),
                        "write labels instead of -100 where there is something to learn");
  return source;
}

ArrayRow ArraySource::row(int64_t index) const {
  ArrayRow row;
  for (const Column& column : columns_) {
    auto begin = static_cast<size_t>(index * column.length), n = static_cast<size_t>(column.length);
    row.integers.push_back(column.integers.empty() ? std::span<const int32_t>()
                                                   : std::span<const int32_t>(column.integers).subspan(begin, n));
    row.numbers.push_back(column.numbers.empty() ? std::span<const float>()
                                                 : std::span<const float>(column.numbers).subspan(begin, n));
  }
  return row;
}

void ArraySource::append(uint64_t n, Examples& out) const {
  uint64_t epoch = n / size(), index = n % size();
  if (options_.shuffled) index = permute(index, size(), options_.seed, epoch);
  format_.append(row(static_cast<int64_t>(index)), rules_, out);
}

}  // namespace malmoi::train
