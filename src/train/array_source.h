// Examples from arrays that were made ready: DIR/NAME.npy, whose leading axes are rows.
#pragma once

#include <memory>

#include "base/error.h"
#include "base/file.h"
#include "train/row_source.h"

namespace malmoi::train {

/// Errors, with the file and the row: one that is missing or of another type, and those of RowSource::make.
Result<std::unique_ptr<RowSource>> open_arrays(const Path& folder, const ArrayFormat& format, const RowLimits& limits,
                                               const RowOrder& order);
/// The length of the longest rows, from the files' headers.
Result<int64_t> longest_array_row(const Path& folder, const ArrayFormat& format);

}  // namespace malmoi::train
