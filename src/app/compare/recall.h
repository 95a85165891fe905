// Associative recall: which share of values a model finds again, by how far back their keys stood.
//
// A sequence is pairs of a key and its value. Half of the pairs are new; the others are those that stood a number of tokens before,
// drawn evenly by its logarithm, and their value is what is to be predicted. (After Arora et al. 2023, "Zoology".)
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "app/compare/config.h"
#include "base/error.h"
#include "base/file.h"
#include "model/model.h"

namespace malmoi::app {

struct RecallSequence {
  std::vector<int32_t> ids;        // key, value, key, value ...
  std::vector<int32_t> distances;  // of each pair: tokens back to where it stood; 0: it is new
};

/// Ids below 2 * keys: keys, then values.
int64_t recall_vocabulary(const RecallConfig& config);
/// Sequence n of a stream: a function of both.
RecallSequence recall_sequence(const RecallConfig& config, uint64_t stream, uint64_t n);

/// Writes `sequences` of them as flat ids and a mask that counts the values to be found: train.bin, mask.bin, each with its .json.
Status write_recall_data(const RecallConfig& config, int64_t sequences, const Path& folder);

struct RecallScore {
  int64_t distance = 0;  // from here, up to twice as far
  int64_t asked = 0, found = 0;
};
/// Of sequences that were not trained on, by distance: 2, 4, 8 ...
Result<std::vector<RecallScore>> score_recall(const model::Model& model, const RecallConfig& config, int64_t sequences);

}  // namespace malmoi::app
