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

}  // namespace malmoi::data
