// Forward passes without a tape: sequences that go on from a state, and texts that are read whole, over one reused arena.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "autograd/context.h"
#include "model/model.h"
#include "nn/batch.h"

namespace malmoi::infer {

/// Of the arena of a pass. Addresses, not memory: pages are taken when a pass first touches them.
inline constexpr size_t kArenaBytes = size_t{16} << 30;

struct SessionOptions {
  bool row_invariant = true;  // a row's bits do not depend on the rest of the pass (serving); else the fastest products
  size_t state_bytes = 0;     // that all sequences may take; 0: default_state_bytes()
  nn::KeyType keys = nn::KeyType::kModel;
};

/// Whether a model writes text. Errors: an encoder, a classifier.
Status check_generates(const model::Model& model);
/// Whether a model goes on with a text. Errors: the same, and an encoder-decoder, which answers one.
Status check_continues(const model::Model& model);
/// Whether an encoder-decoder says what its answers begin with. Errors: one that does not (mBART), which must be told.
Status check_begins(const model::Model& model);
/// Whether a model gives labels. Errors: all that have no such head.
Status check_classifies(const model::Model& model);

/// Runs a model that somebody else keeps alive. A pass is: append() or add() once or more, then logits() or hidden().
/// One thread at a time.
class Session {
 public:
  /// Errors: a budget too small for a page of every layer.
  static Result<std::unique_ptr<Session>> create(const model::Model& model, const SessionOptions& options = {});

  /// A sequence that has read nothing. Errors: a model that keeps no state (an encoder), a pool without room.
  Result<nn::SequenceState> open();
  /// Encoder-decoders: reads the source of a sequence, once; forks share it. Errors: no room for it.
  Status read_source(nn::SequenceState& state, std::span<const int32_t> ids, int32_t adapter = 0);

  /// Adds ids behind what a sequence has read to the next pass; logits of the last `wanted` of them are given.
  void append(nn::SequenceState& state, std::span<const int32_t> ids, int64_t wanted = 1);
  /// The same of a run that goes on from `run.state` and says more of itself; its first position is the state's length.
  void append(nn::RunInput run, int64_t wanted);
  /// Adds a text that is read whole, without a state; `source`: of an encoder-decoder, what its encoder reads.
  void add(const nn::RunInput& text, int64_t wanted, const nn::RunInput* source = nullptr);

  /// Runs the pass: f32 [rows wanted, outputs], in the order in which they were added; of a head that makes one row of each
  /// text (labels), [texts, outputs]. Sequences have read then what was appended. Valid until the next pass. Errors: the
  /// pool has no room, the device failed; then no sequence has changed.
  Result<std::span<const float>> logits();
  /// The same pass without a head: the last hidden states of all rows, f32 [rows, hidden_size]. Of an encoder-decoder they
  /// are the encoder's, of texts added as they are.
  Result<std::vector<float>> hidden();

  /// The same pass for what `probe` is shown of it. `of_encoder`: of a model with an encoder apart, that alone, of texts added as
  /// they are.
  Status watch(autograd::AttentionProbe& probe, bool of_encoder);

  const model::Model& model() const { return *model_; }
  const nn::StatePool& pool() const { return *pool_; }

  /// Drops what was added and not yet run: its states may go away.
  void forget();

 private:
  class PassEnd;
  Session(const model::Model& model, bool row_invariant);
  Result<autograd::Var> forward();
  void choose_adapters(const nn::Batch& batch);
  Tensor chosen_rows(const Tensor& rows);

  const model::Model* model_;
  Arena arena_;
  StoragePool storage_;
  Stream stream_;
  autograd::Context context_;
  std::unique_ptr<nn::StatePool> pool_;
  nn::BatchBuilder batch_, source_;
  std::vector<int64_t> wanted_;           // rows of the pass
  std::vector<int32_t> wanted_adapters_;  // that they go through, where not all go through one
  Tensor logits_;
};

}  // namespace malmoi::infer
