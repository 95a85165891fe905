// The documents of one bucket of MinHash-LSH compared: which are alike, with as few comparisons as clusters allow.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/error.h"
#include "data/dedup/clusters.h"
#include "data/dedup/groups.h"
#include "data/dedup/shingle_sets.h"
#include "data/dedup/sketch.h"

namespace malmoi::data {

/// What came of a bucket. The pairs joined make one set of what is alike; there are fewer of them than documents.
struct BucketResult {
  std::vector<Clusters::Joined> joined;
  std::vector<uint64_t> firsts;  // one document of each set that is kept, max_comparisons of them at most
  uint64_t candidates = 0, rejected = 0, capped = 0;
};

/// Documents (in rising order) that share a band, compared; `groups` says which are known to be one already, and is only
/// read. A document is compared with the members of each other set met so far in the bucket until one is alike, at most
/// `options.max_comparisons` of them; two sets of which kTries pairs were not alike are left apart. So a cluster of n
/// copies takes about n comparisons, and what joins nothing a few for each cluster beside it.
Status join_bucket(std::span<const uint64_t> documents, const Groups& groups, const NearOptions& options,
                   ShingleSets& sets, BucketResult& out);

}  // namespace malmoi::data
