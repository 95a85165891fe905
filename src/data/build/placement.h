// Where every document goes: its split, how often it is taken, its place in the order, its shard. Nothing but records is
// in memory; the order is a sort by keys that depend on the documents and the seed alone.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/error.h"
#include "data/build/dedup_stage.h"
#include "data/build/part.h"
#include "data/build/recipe.h"
#include "data/dedup/scratch.h"

namespace malmoi::data {

/// Where one copy of a document goes.
struct Placement {
  uint64_t ordinal = 0, copy = 0, shard = 0, position = 0;
  auto operator<=>(const Placement&) const = default;
};

struct Placements {
  struct Shard {
    uint64_t split = 0, number = 0;  // number: among those of its split
  };
  std::unique_ptr<ExternalSorter<Placement>> in_order;  // of ordinals and copies; finished
  std::vector<Shard> shards;
  uint64_t bytes = 0;     // of all copies
  uint64_t left_out = 0;  // documents that the mix takes no copy of
};

/// Errors: those of the disk.
Result<Placements> place_documents(const WorkFolder& work, uint64_t parts, const Recipe& recipe,
                                   const Decisions& decisions, const std::shared_ptr<ScratchFolder>& scratch,
                                   uint64_t memory_bytes);

}  // namespace malmoi::data
