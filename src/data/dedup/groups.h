// Disjoint sets of documents and the best of each: how pairs of duplicates become clusters.
#pragma once

#include <cstdint>
#include <vector>

#include "data/dedup/clusters.h"

namespace malmoi::data {

/// Union-find over document indices with path halving. The root of a set is its smallest member.
class Groups {
 public:
  /// Makes `index` known, with its quality. Indices never added are no documents.
  void add(uint64_t index, double quality) {
    if (index >= parent_.size()) grow(index + 1);
    quality_[index] = quality;
    ++documents_;
  }
  bool has(uint64_t index) const { return index < parent_.size() && quality_[index] == quality_[index]; }
  uint64_t find(uint64_t index) {
    while (parent_[index] != index) index = parent_[index] = parent_[parent_[index]];
    return index;
  }
  /// The same without halving: for many threads at once, while none joins.
  uint64_t root(uint64_t index) const {
    while (parent_[index] != index) index = parent_[index];
    return index;
  }
  /// Joins two sets; false if they were one.
  bool join(uint64_t a, uint64_t b) {
    a = find(a);
    b = find(b);
    if (a == b) return false;
    a < b ? parent_[b] = a : parent_[a] = b;
    return true;
  }
  /// The best of each set stands for it: the highest quality, then the lowest index.
  void finish(Clusters& out);

 private:
  void grow(uint64_t size);
  std::vector<uint64_t> parent_;
  std::vector<double> quality_;  // NaN: no document
  uint64_t documents_ = 0;
};

}  // namespace malmoi::data
