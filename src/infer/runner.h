// Forward passes without a tape: logits for scoring, for prefill and for decoding, over one reused arena.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "autograd/context.h"
#include "model/model.h"
#include "nn/batch.h"

namespace malmoi::infer {

/// Runs a model that somebody else keeps alive. One thread at a time.
class Runner {
 public:
  /// `row_invariant`: a row's bits do not depend on the rest of the batch (serving); else the fastest products (scoring).
  Runner(const model::Model& model, bool row_invariant);

  /// f32 logits [rows.size(), vocab_size] of the named rows of a batch; states are written and advanced. Valid until the
  /// next call.
  std::span<const float> logits(const nn::Batch& batch, std::span<const int64_t> rows);
  /// Hidden states of all rows, as f32.
  std::vector<float> hidden(const nn::Batch& batch);

  nn::SequenceState new_state() const { return {model_->state_spec(), model_->dtype()}; }
  const model::Model& model() const { return *model_; }

 private:
  Tensor forward(const nn::Batch& batch);
  const model::Model* model_;
  Arena arena_;
  StoragePool pool_;
  autograd::Context context_;
  Tensor logits_;
};

}  // namespace malmoi::infer
