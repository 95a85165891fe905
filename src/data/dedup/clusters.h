// Which documents are copies of which: what the dedupers of whole documents find.
#pragma once

#include <cstdint>
#include <vector>

namespace malmoi::data {

/// Documents and the one that stands for each: `representative[i] == i` is kept, others are copies of it.
struct Clusters {
  struct Joined {  // one verified pair, for the report
    uint64_t a = 0, b = 0;
    double jaccard = 0;
  };
  std::vector<uint64_t> representative;
  uint64_t documents = 0;       // fed
  uint64_t duplicates = 0;      // not their own representative
  uint64_t clusters = 0;        // of at least two documents
  uint64_t candidates = 0;      // pairs that shared a band and were verified
  uint64_t rejected = 0;        // of those, below the threshold
  uint64_t capped = 0;          // times a document in a bucket was not compared with all it might be a copy of
  std::vector<Joined> samples;  // the first few joined pairs, ordered
};

}  // namespace malmoi::data
