#include "data/dedup/groups.h"

#include <algorithm>
#include <limits>

namespace malmoi::data {

void Groups::grow(uint64_t size) {
  uint64_t old = parent_.size();
  if (size > parent_.capacity()) {
    parent_.reserve(std::max(size, old + old / 2));
    quality_.reserve(std::max(size, old + old / 2));
  }
  parent_.resize(size);
  quality_.resize(size, std::numeric_limits<double>::quiet_NaN());
  for (uint64_t i = old; i < size; ++i) parent_[i] = i;
}

void Groups::finish(Clusters& out) {
  out.documents = documents_;
  out.duplicates = out.clusters = 0;
  out.representative.resize(parent_.size());
  for (uint64_t i = 0; i < parent_.size(); ++i) out.representative[i] = i;
  // The root is the smallest member, so it is met before the others: its entry holds the best so far.
  for (uint64_t i = 0; i < parent_.size(); ++i) {
    uint64_t root = find(i);
    if (root == i) continue;
    ++out.duplicates;
    uint64_t& best = out.representative[root];
    if (quality_[i] > quality_[best]) best = i;
  }
  std::vector<bool> counted(parent_.size(), false);
  for (uint64_t i = parent_.size(); i-- > 0;) {  // from the end: a root's entry is read before it is its own
    uint64_t root = find(i);
    if (root == i) continue;
    out.representative[i] = out.representative[root];
    if (!counted[root]) {
      counted[root] = true;
      ++out.clusters;
    }
  }
}

}  // namespace malmoi::data
