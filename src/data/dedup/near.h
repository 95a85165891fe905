// Near copies of whole documents: MinHash-LSH, every pair verified.
//
// Fed every document once, by its global index and in any order, and then finished; the result depends on the indices and
// texts alone, never on the order, the threads or the memory. What does not fit the memory budget goes to sorted runs in a
// scratch folder, which is emptied at the end. Kept in memory besides: 24 bytes a document.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/error.h"
#include "base/job.h"
#include "data/dedup/clusters.h"
#include "data/dedup/scratch.h"
#include "data/dedup/sketch.h"

namespace malmoi::data {

class NearDeduper {
 public:
  static Result<NearDeduper> create(const NearOptions& options, const Scratch& scratch = {});
  NearDeduper(NearDeduper&&) noexcept;
  NearDeduper& operator=(NearDeduper&&) noexcept;
  ~NearDeduper();

  /// Adds document `index`. Of a cluster, the one of the highest quality is kept (ties: the lowest index). Not thread-safe.
  Status add(uint64_t index, const Sketch& sketch, double quality);
  /// Compares what shares a band; `progress` is told the share that is done. Errors: the scratch; cancellation.
  Result<Clusters> finish(const std::function<void(double)>& progress = {}, const StopToken& stop = {});

 private:
  struct State;
  explicit NearDeduper(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace malmoi::data
