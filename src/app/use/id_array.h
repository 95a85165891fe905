// Arrays of token ids from .npy files, with an optional mask: what score and generate read.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace malmoi::app {

/// Rows of ids; `kept[b]` are the columns that the mask leaves, in order (all of them without a mask).
struct IdArray {
  int64_t rows = 0, cols = 0;
  std::vector<int32_t> ids;
  std::vector<std::vector<int64_t>> kept;

  /// The ids of row b that count.
  std::vector<int32_t> row(int64_t b) const;
};

/// Errors: another rank, a mask of another shape, an id outside [0, vocab_size), with its index.
Result<IdArray> read_ids(const Path& ids, const std::optional<Path>& mask, int64_t vocab_size);

}  // namespace malmoi::app
