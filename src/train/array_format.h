// The files of `data.format: arrays` that an objective reads, and how a row of them becomes an example.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "train/examples.h"

namespace malmoi::train {

/// The last axis of a file; all before it are rows.
enum class ArrayAxis : uint8_t {
  kToken,   // one value a token of the input
  kOutput,  // one a token of the output
  kRow,     // one value a row: all axes are rows
  kOther,   // of a text of its own length
};

/// What the values are, which is checked when the files are opened.
enum class ArrayValues : uint8_t {
  kIds,         // integers of the vocabulary
  kMask,        // 1: a token, 0: padding; no row without a token
  kTokenTypes,  // integers that the model has token types for
  kLabels,      // an output of the model, or -100: does not count; of tokens, only where the mask before it is 1
  kFlags,       // 0, 1, or -100: does not count; what stands at padding does not count either
  kPlaces,      // a position of the row, or -100: does not count
  kNumbers,     // finite floats
  kPositions,   // a position that the model has
  kSegments,    // which text of a packed row a token belongs to; 0: padding
  kLengths,     // a number of tokens
};

/// A file NAME.npy.
struct ArrayColumn {
  std::string_view name;
  ArrayAxis axis = ArrayAxis::kToken;
  ArrayValues values = ArrayValues::kIds;
  bool optional = false;
};

/// One row of all files, by the place of their columns; empty where a file is absent or of the other type.
struct ArrayRow {
  std::vector<std::span<const int32_t>> integers;
  std::vector<std::span<const float>> numbers;
};

/// What of a model decides how rows become examples.
struct RowRules {
  int32_t decoder_start_token_id = -1, pad_token_id = -1;
};

struct ArrayFormat {
  std::span<const ArrayColumn> columns;
  void (*append)(const ArrayRow& row, const RowRules& rules, Examples& out) = nullptr;
  bool whole_rows = false;  // the model reads padding, too: a loss counts it
  /// What is wrong with a row beyond its single values ("its prompt is longer than ..."); empty: nothing. Null: not looked at.
  std::string (*fault)(const ArrayRow& row) = nullptr;
};

/// Where the tokens of a padded row stand: padding before and behind is cut away, holes between stay masked.
struct RealTokens {
  size_t begin = 0, length = 0;
  template <typename T>
  std::span<const T> of(std::span<const T> row) const {
    return row.empty() ? row : row.subspan(begin, length);
  }
  /// Positions count from the row's first column, padding too. `token_types` may be empty.
  nn::RunInput input(std::span<const int32_t> ids, std::span<const int32_t> mask,
                     std::span<const int32_t> token_types) const {
    return {.ids = of(ids),
            .first_position = static_cast<int32_t>(begin),
            .token_types = of(token_types),
            .mask = of(mask)};
  }
};
RealTokens real_tokens(std::span<const int32_t> mask);
/// The whole row, padding masked.
inline RealTokens whole_row(std::span<const int32_t> mask) { return {0, mask.size()}; }

}  // namespace malmoi::train
