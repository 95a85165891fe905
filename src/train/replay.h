// Continued pretraining with replay: some of the examples of a run are of another corpus, so that what it taught is not lost.
#pragma once

#include <memory>

#include "train/examples.h"

namespace malmoi::train {

/// How many of the first n examples are replayed: as even as can be, floor(n share), so that steps of whole batches have equally many,
/// give or take one. `share` in [0, 1) is counted in millionths.
uint64_t replayed_before(uint64_t n, double share);

/// Examples of two sources: the k-th of each comes k-th among its own, whatever the epoch of the other. An epoch is one of `own`.
class ReplaySource final : public ExampleSource {
 public:
  ReplaySource(std::unique_ptr<ExampleSource> own, std::unique_ptr<ExampleSource> replayed, double share);
  uint64_t size() const override { return size_; }
  uint64_t tokens() const override;
  void append(uint64_t n, Examples& out) const override;

 private:
  std::unique_ptr<ExampleSource> own_, replayed_;
  double share_;
  uint64_t size_;
};

}  // namespace malmoi::train
