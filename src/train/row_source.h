// Examples out of rows: of arrays that were made ready, or of tables whose texts were encoded.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/model.h"
#include "train/array_format.h"

namespace malmoi::train {

/// What values a model can take.
struct RowLimits {
  int64_t vocab_size = 0, outputs = 0, max_positions = 0;
  int64_t token_types = 0;  // 0: the model has none and reads none
  RowRules rules;
};
RowLimits row_limits(const model::Model& model);

struct RowOrder {
  bool shuffled = false;  // each epoch in another order, by the seed
  uint64_t seed = 1;
  uint64_t together = 1;  // so many rows stay side by side, in their order
};

/// The values of one column of ArrayFormat, row behind row. `integers` or `numbers`; both empty: the column is absent.
struct RowColumn {
  std::string where;           // for errors
  std::vector<size_t> starts;  // of each row, and the end
  std::vector<int32_t> integers;
  std::vector<float> numbers;

  bool is_absent() const { return integers.empty() && numbers.empty(); }
  size_t rows() const { return starts.empty() ? 0 : starts.size() - 1; }
};

class RowSource final : public ExampleSource {
 public:
  /// `columns` by the place of those of `format`; `where` names all of them together. Errors, with the row: columns of
  /// different numbers of rows or tokens, rows that are no whole groups, a value that the model cannot take, a row without a
  /// token, a label at padding, labels none of which counts, a number that is not finite.
  static Result<std::unique_ptr<RowSource>> make(std::vector<RowColumn> columns, const ArrayFormat& format,
                                                 const RowLimits& limits, const RowOrder& order,
                                                 const std::string& where);

  uint64_t size() const override { return rows_; }
  uint64_t row_of(uint64_t n) const override;
  void append(uint64_t n, Examples& out) const override;
  uint64_t tokens() const override { return tokens_; }
  /// Of the longest row, of all columns.
  int64_t longest() const;

 private:
  ArrayRow row(size_t index) const;
  Status check_shapes(const std::string& where) const;
  Status check_values(const RowLimits& limits) const;
  Status check_rows(const RowLimits& limits, const std::string& where);

  ArrayFormat format_;
  RowRules rules_;
  RowOrder order_;
  std::vector<RowColumn> columns_;
  uint64_t rows_ = 0, tokens_ = 0;
};

}  // namespace malmoi::train
