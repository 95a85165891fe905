// The third stage: what is left is mixed, split, put in order and written as shards.
//
// The order is a sort by keys that depend on the documents and the seed alone, so it needs no more memory than the
// records of the sort; the texts go through one file for each shard, and only the shards being written are in memory.
#pragma once

#include <functional>
#include <vector>

#include "base/error.h"
#include "base/job.h"
#include "data/build/dedup_stage.h"
#include "data/build/part.h"
#include "data/build/recipe.h"
#include "data/corpus.h"

namespace malmoi::data {

struct WriteResult {
  std::vector<Shard> shards;
  Tally tally;                // "kept.*", "dropped.*" of the second stage
  std::vector<Json> samples;  // a few documents for the data card
};

struct WriteStageOptions {
  uint64_t memory_bytes = 1ull << 30;
  int workers = 1;
  std::function<void(uint64_t bytes, uint64_t total)> progress;
  StopToken stop;
};

/// Writes SPLIT-NNNNN.jsonl.zst into `out`, and the events of the second stage into `events`.
Result<WriteResult> write_shards(const WorkFolder& work, uint64_t parts, const Recipe& recipe, Decisions& decisions,
                                 const Path& out, formats::ZstdWriter& events, const WriteStageOptions& options);

/// How often each source's training documents are taken: whole copies and the share of one more, by weight, epochs and
/// temperature. `bytes` by source. With weights (or a temperature), no source is taken more often than its epochs say.
std::vector<double> mixing_factors(const Recipe& recipe, const std::vector<uint64_t>& bytes);

/// The split of a group: 0 train, 1 valid, 2 test.
int split_of(const Recipe& recipe, uint64_t group);

}  // namespace malmoi::data
