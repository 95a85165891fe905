#include "train/row_source.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace malmoi::train {
namespace {

// The values that a column may hold: [low, high).
struct Range {
  int64_t low, high;
  const char* meaning;
};
Range range_of(const ArrayColumn& column, const RowLimits& limits, size_t tokens) {
  switch (column.values) {
    case ArrayValues::kIds: return {0, limits.vocab_size, "the vocabulary"};
    case ArrayValues::kMask: return {0, 2, "a mask's values"};
    case ArrayValues::kTokenTypes:
      return {0, limits.token_types > 0 ? limits.token_types : INT32_MAX, "the model's token types"};
    case ArrayValues::kLabels: return {0, limits.outputs, "the model's labels"};
    case ArrayValues::kFlags: return {0, 2, "a flag's values"};
    case ArrayValues::kPlaces: return {0, static_cast<int64_t>(tokens), "the positions of a row"};
    case ArrayValues::kPositions: return {0, limits.max_positions, "the model's positions"};
    case ArrayValues::kSegments:
    case ArrayValues::kLengths: return {0, INT32_MAX, "the numbers from 0 on"};
    case ArrayValues::kNumbers: break;
  }
  return {INT32_MIN, INT32_MAX, "integers"};
}

constexpr int32_t kNoLabel = -100;  // as published data sets mark what does not count

bool is_label(ArrayValues values) {
  return values == ArrayValues::kLabels || values == ArrayValues::kFlags || values == ArrayValues::kPlaces;
}

// The row that value `i` of a column stands in.
size_t row_of(const RowColumn& column, size_t i) {
  return static_cast<size_t>(std::upper_bound(column.starts.begin(), column.starts.end(), i) - column.starts.begin()) -
         1;
}

// `tokens`: a column with a value for each token of the input; null: there is none.
Status check_integers(const RowColumn& values, const ArrayColumn& column, const RowColumn* tokens,
                      const RowLimits& limits) {
  for (size_t r = 0; r < values.rows() && !values.integers.empty(); ++r) {
    const Range range = range_of(column, limits, tokens ? tokens->starts[r + 1] - tokens->starts[r] : 0);
    for (size_t i = values.starts[r]; i < values.starts[r + 1]; ++i) {
      const int32_t value = values.integers[i];
      const bool fits = value >= range.low && value < range.high;
      if (fits || (is_label(column.values) && value == kNoLabel)) continue;
      return invalid_data(fmt::format("row {}: {} is outside {}, 0 to {}", r, value, range.meaning, range.high - 1),
                          values.where, "the rows were made for another model");
    }
  }
  return {};
}

Status check_numbers(const RowColumn& values) {
  for (size_t i = 0; i < values.numbers.size(); ++i) {
    if (!std::isfinite(values.numbers[i]))
      return invalid_data(fmt::format("row {}: a value is not finite", row_of(values, i)), values.where,
                          "leave such rows out");
  }
  return {};
}

// What the mask says of a row and its labels.
Status check_row(const ArrayRow& row, const ArrayFormat& format, const std::vector<RowColumn>& columns,
                 const RowLimits& limits, size_t index) {
  std::span<const int32_t> mask;
  for (size_t c = 0; c < format.columns.size(); ++c) {
    const ArrayColumn& column = format.columns[c];
    const std::string& where = columns[c].where;
    const bool left_out = column.optional && row.integers[c].empty() && row.numbers[c].empty();  // of this row
    if (columns[c].is_absent() || left_out) continue;
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

Status check_positions(const Examples& row, const RowLimits& limits, size_t index, const std::string& where) {
  if (row.input.rows() == 0 || row.input.batch().max_position < limits.max_positions) return {};
  return invalid_data(fmt::format("row {} reaches position {}, the model has {}", index, row.input.batch().max_position,
                                  limits.max_positions),
                      where, "cut the rows");
}

Status check_rules(const ArrayFormat& format, const RowLimits& limits) {
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

RowLimits row_limits(const model::Model& model) {
  return {.vocab_size = model.vocab_size(),
          .outputs = model.outputs(),
          .max_positions = model.max_positions(),
          .token_types = model.sizes.token_types,
          .rules = {model.decoder_start_token_id, model.pad_token_id}};
}

Result<std::unique_ptr<RowSource>> RowSource::make(std::vector<RowColumn> columns, const ArrayFormat& format,
                                                   const RowLimits& limits, const RowOrder& order,
                                                   const std::string& where) {
  MALMOI_TRY(check_rules(format, limits));
  auto source = std::make_unique<RowSource>();
  source->format_ = format;
  source->rules_ = limits.rules;
  source->order_ = order;
  source->columns_ = std::move(columns);
  MALMOI_TRY(source->check_shapes(where));
  MALMOI_TRY(source->check_values(limits));
  MALMOI_TRY(source->check_rows(limits, where));
  return source;
}

// All columns have the same rows, those of tokens of the same length.
Status RowSource::check_shapes(const std::string& where) const {
  const RowColumn* first = nullptr;
  const RowColumn* tokens = nullptr;
  for (size_t c = 0; c < columns_.size(); ++c) {
    const RowColumn& column = columns_[c];
    if (column.is_absent()) continue;
    if (!first) first = &column;
    if (column.rows() != first->rows())
      return invalid_data(fmt::format("has {} rows, the files before it have {}", column.rows(), first->rows()),
                          column.where, "the arrays do not belong together");
    if (format_.columns[c].axis != ArrayAxis::kToken) continue;
    if (!tokens) tokens = &column;
    for (size_t r = 0; r < column.rows(); ++r) {
      const size_t length = column.starts[r + 1] - column.starts[r], other = tokens->starts[r + 1] - tokens->starts[r];
      if (length != other)
        return invalid_data(fmt::format("has rows of {}, the files before it of {}", length, other), column.where,
                            "the arrays do not belong together");
    }
  }
  if (!first) return invalid_data("holds no rows", where, "add some");
  return {};
}

Status RowSource::check_values(const RowLimits& limits) const {
  const RowColumn* tokens = nullptr;
  for (size_t c = 0; c < columns_.size() && !tokens; ++c) {
    if (format_.columns[c].axis == ArrayAxis::kToken && !columns_[c].is_absent()) tokens = &columns_[c];
  }
  for (size_t c = 0; c < columns_.size(); ++c) {
    MALMOI_TRY(check_integers(columns_[c], format_.columns[c], tokens, limits));
    MALMOI_TRY(check_numbers(columns_[c]));
  }
  return {};
}

Status RowSource::check_rows(const RowLimits& limits, const std::string& where) {
  for (const RowColumn& column : columns_) rows_ = std::max<uint64_t>(rows_, column.rows());
  if (rows_ % order_.together != 0)
    return invalid_data(fmt::format("has {} rows, which are no whole groups of {}", rows_, order_.together), where,
                        "leave the rest out, or correct objective.group");
  Examples one;
  bool counts = false;  // any target
  for (size_t r = 0; r < rows_; ++r) {
    const ArrayRow values = row(r);
    MALMOI_TRY(check_row(values, format_, columns_, limits, r));
    if (const std::string fault = format_.fault ? format_.fault(values) : ""; !fault.empty())
      return invalid_data(fmt::format("row {}: {}", r, fault), where, "correct it, or leave the row out");
    one.clear();
    format_.append(values, rules_, one);
    MALMOI_TRY(check_positions(one, limits, r, where));
    for (const Examples& beside : one.beside) MALMOI_TRY(check_positions(beside, limits, r, where));
    tokens_ += static_cast<uint64_t>(one.tokens());
    counts |= std::any_of(one.targets.begin(), one.targets.end(), [](int32_t t) { return t >= 0; });
    if (one.decoder.rows() > limits.max_positions)
      return invalid_data(fmt::format("row {}: the output has {} tokens, the model has {} positions", r,
                                      one.decoder.rows(), limits.max_positions),
                          where, "cut the rows");
  }
  auto labels = std::find_if(format_.columns.begin(), format_.columns.end(),
                             [](const ArrayColumn& c) { return is_label(c.values); });
  if (labels != format_.columns.end() && !counts)
    return invalid_data("none of its labels counts",
                        columns_[static_cast<size_t>(labels - format_.columns.begin())].where,
                        "write labels instead of -100 where there is something to learn");
  return {};
}

ArrayRow RowSource::row(size_t index) const {
  ArrayRow row;
  for (const RowColumn& column : columns_) {
    std::span<const int32_t> integers;
    std::span<const float> numbers;
    if (!column.is_absent()) {
      const size_t begin = column.starts[index], n = column.starts[index + 1] - begin;
      if (!column.integers.empty()) integers = std::span<const int32_t>(column.integers).subspan(begin, n);
      else numbers = std::span<const float>(column.numbers).subspan(begin, n);
    }
    row.integers.push_back(integers);
    row.numbers.push_back(numbers);
  }
  return row;
}

uint64_t RowSource::row_of(uint64_t n) const {
  const uint64_t epoch = n / size(), index = n % size();
  if (!order_.shuffled) return index;
  const uint64_t group = index / order_.together, groups = size() / order_.together;
  return permute(group, groups, order_.seed, epoch) * order_.together + index % order_.together;
}

void RowSource::append(uint64_t n, Examples& out) const { format_.append(row(row_of(n)), rules_, out); }

int64_t RowSource::longest() const {
  size_t length = 1;
  for (const RowColumn& column : columns_) {
    for (size_t r = 0; r < column.rows() && !column.is_absent(); ++r)
      length = std::max(length, column.starts[r + 1] - column.starts[r]);
  }
  return static_cast<int64_t>(length);
}

}  // namespace malmoi::train
