// The states of streams (data.order: streams): each row of a step goes on where that row of the step before ended, and the
// gradient ends there (truncated back-propagation through time, Williams & Peng 1990).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "model/model.h"
#include "nn/state.h"
#include "train/checkpoint.h"
#include "train/examples.h"

namespace malmoi::train {

/// One thread.
class Streams {
 public:
  /// States of `rows` streams, all zero, of a model that carries states. Errors: no memory.
  static Result<Streams> create(const model::Backbone& backbone, int64_t rows);

  int64_t rows() const { return static_cast<int64_t>(before_.size()); }
  /// Every stream begins anew.
  void restart();
  /// The runs of these examples, one each, are the next ones of streams `first`, `first + 1`, ...
  void attach(int64_t first, Examples& examples);
  /// A step is done: what it left is what the next one begins with.
  void advance() { before_.swap(after_); }
  /// What a checkpoint holds of them.
  std::vector<CheckpointTensor> tensors();

 private:
  Streams() = default;
  std::unique_ptr<nn::StatePool> pool_;
  std::vector<nn::SequenceState> before_, after_;
};

}  // namespace malmoi::train
