// The two ways to find repeated substrings: a suffix array in memory, or winnowed fingerprints sorted on disk.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "data/dedup/scratch.h"

namespace malmoi::data {

/// The corpus as one run of bytes in a scratch file, and where each document begins.
struct SpooledCorpus {
  struct Start {
    uint64_t begin = 0;  // in the file
    uint64_t index = 0;  // the document
  };
  ScratchFile file;
  std::vector<Start> starts;  // rising

  uint64_t end_of(size_t k) const { return k + 1 < starts.size() ? starts[k + 1].begin : file.size(); }
  /// The document that holds a byte.
  size_t at(uint64_t position) const;
};

/// Takes [begin, end) of the corpus to be removed; in any order, overlapping or not, each inside one document.
using TakeRange = std::function<Status(uint64_t begin, uint64_t end)>;

/// Every repeated substring, by one suffix array over the whole corpus (below 2 GiB).
Status repeats_by_suffix_array(const SpooledCorpus& corpus, uint32_t min_bytes, const TakeRange& take);

/// The same by fingerprints; `max_places`: how many earlier places of a fingerprint a later one is compared with.
Status repeats_by_fingerprints(const SpooledCorpus& corpus, uint32_t min_bytes, size_t max_places,
                               const std::shared_ptr<ScratchFolder>& folder, uint64_t memory_bytes,
                               const TakeRange& take);

}  // namespace malmoi::data
