// The sets of n-grams of documents, read back from scratch to be compared.
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "base/error.h"
#include "data/dedup/scratch.h"

namespace malmoi::data {

/// Writes the sorted set of `hashes` to `out`, which has room for all of them, and returns its size. Uniform hashes take
/// linear time: they are dealt out by their highest bits first.
size_t sorted_set(std::span<const uint64_t> hashes, uint64_t* out);

/// The Jaccard index of two sorted sets if it is at least `threshold`, else 0: found out as soon as what is left of the
/// sets cannot reach it any more. Of two empty sets 1.
double jaccard_from(std::span<const uint64_t> a, std::span<const uint64_t> b, double threshold);

/// Where documents' shingles lie in a scratch file: at `offsets[document]` their number, then the hashes.
struct ShingleFile {
  const ScratchFile& file;
  const std::vector<uint64_t>& offsets;
  uint64_t cache_bytes = 0;  // for the sets that each reader keeps
  std::mutex large;          // held by the one reader whose sets exceed its cache
};

/// The sets of the documents of one bucket, made once and kept until the cache is full. One a thread.
class ShingleSets {
 public:
  explicit ShingleSets(ShingleFile& file) : file_(file) {}
  /// Begins with other documents; they must outlive the comparisons.
  void start(std::span<const uint64_t> documents);
  /// As jaccard_from, of the documents at two positions. Errors: the scratch cannot be read.
  Result<double> compare(size_t a, size_t b, double threshold);

 private:
  struct Place {
    uint64_t begin = 0, size = kNone;  // in pool_
  };
  static constexpr uint64_t kNone = UINT64_MAX;

  Result<uint64_t> missing(size_t position) const;  // hashes to read for it
  Status load(size_t position, uint64_t count);
  void clear();
  std::span<const uint64_t> set(size_t position) const {
    return {pool_.data() + places_[position].begin, places_[position].size};
  }

  ShingleFile& file_;
  std::span<const uint64_t> documents_;
  std::vector<Place> places_;  // by position
  std::vector<uint64_t> pool_, raw_;
  uint64_t used_ = 0;  // of pool_
};

}  // namespace malmoi::data
