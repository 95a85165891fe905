// Exact copies of whole documents.
//
// Fed every document once, by its global index and in any order, and then finished; the result depends on the indices and
// texts alone, never on the order, the threads or the memory. What does not fit the memory budget goes to sorted runs in a
// scratch folder, which is emptied at the end. Kept in memory besides: 24 bytes a document.
#pragma once

#include <cstdint>
#include <memory>

#include "base/error.h"
#include "base/hash.h"
#include "data/dedup/clusters.h"
#include "data/dedup/scratch.h"

namespace malmoi::data {

/// Documents of equal bytes (xxh128). The highest quality is kept, ties: the lowest index.
class ExactDeduper {
 public:
  static Result<ExactDeduper> create(const Scratch& scratch = {});
  ExactDeduper(ExactDeduper&&) noexcept;
  ExactDeduper& operator=(ExactDeduper&&) noexcept;
  ~ExactDeduper();
  Status add(uint64_t index, const Hash128& hash, double quality);
  Result<Clusters> finish();

 private:
  struct State;
  explicit ExactDeduper(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace malmoi::data
