// A model's folder with another vocabulary: which row of the new tables is made of which rows of the old ones.
#pragma once

#include <cstdint>
#include <vector>

#include "base/error.h"
#include "base/job.h"
#include "base/json.h"
#include "model/folder_tensors.h"

namespace malmoi::reshape {

/// What a new row is made of: one old row, to the bit; the mean of several; or, with shares, their weighted sum.
struct RowOrigin {
  std::vector<int32_t> ids;
  std::vector<float> shares = {};  // of each of them; none: a mean
};
/// Of each new id.
using RowOrigins = std::vector<RowOrigin>;

/// Writes the weights, and config.json as `config` says but for vocab_size. Errors: tables with other numbers of rows than the config
/// says (an encoder-decoder with two vocabularies), an origin that is none.
Status write_vocabulary(const model::FolderTensors& folder, const RowOrigins& origins, Json config, const Path& out,
                        const Job& job);

}  // namespace malmoi::reshape
