// Examples from arrays that were made ready: DIR/NAME.npy, whose leading axes are rows.
#pragma once

#include <memory>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "model/model.h"
#include "train/array_format.h"

namespace malmoi::train {

/// What values a model can take.
struct ArrayLimits {
  int64_t vocab_size = 0, outputs = 0, max_positions = 0;
  int64_t token_types = 0;  // 0: the model has none and reads none
  RowRules rules;
};
ArrayLimits array_limits(const model::Model& model);

struct ArrayOptions {
  bool shuffled = false;  // each epoch in another order, by the seed
  uint64_t seed = 1;
};

class ArraySource final : public ExampleSource {
 public:
  /// Errors, with the file and the row: one that is missing, of another type or shape than the others, a value that the
  /// model cannot take, a row without a token, a label at padding, labels none of which counts, a number that is not finite.
  static Result<std::unique_ptr<ArraySource>> open(const Path& folder, const ArrayFormat& format,
                                                   const ArrayLimits& limits, const ArrayOptions& options);
  /// The length of the longest rows, from the files' headers.
  static Result<int64_t> longest(const Path& folder, const ArrayFormat& format);

  uint64_t size() const override { return static_cast<uint64_t>(rows_); }
  void append(uint64_t n, Examples& out) const override;
  uint64_t tokens() const override { return tokens_; }

 private:
  struct Column {  // empty vectors: the file is absent
    int64_t length = 1;
    std::vector<int32_t> integers;
    std::vector<float> numbers;
  };
  ArrayRow row(int64_t index) const;

  ArrayFormat format_;
  RowRules rules_;
  ArrayOptions options_;
  std::vector<Column> columns_;
  int64_t rows_ = 0;
  uint64_t tokens_ = 0;
};

}  // namespace malmoi::train
