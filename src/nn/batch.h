// What goes into a forward pass: rows of tokens, which of them belong together, and the state they continue.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "autograd/ops.h"
#include "nn/state.h"

namespace malmoi::nn {

/// Rows are tokens, of any number of sequences one after the other. Run i (rows [begin, begin + length)) continues
/// `states[i]`, or stands alone where there are no states (training, scoring).
struct Batch {
  std::span<const int32_t> ids;           // [rows]
  std::span<const int32_t> positions;     // [rows], each run counting on from its state's length
  std::span<const int32_t> token_types;   // [rows]
  std::span<const int32_t> text_lengths;  // [rows], of the text that a row belongs to, as far as it is known
  std::span<const int32_t> adapters;      // [rows], of the model's adapters; -1: none
  std::span<const uint8_t> key_mask;      // [rows], 0: a row that nobody looks at; or empty: none
  std::span<const autograd::Run> runs;
  std::span<const int32_t> first_rows;     // of each run
  std::span<SequenceState* const> states;  // empty, or one per run
  /// Where the states after the runs go, of recurrences that are trained; empty: to `states`.
  std::span<SequenceState* const> next_states;
  int32_t max_position = 0;  // the largest of `positions`
  int64_t longest_run = 0;
  const Batch* source = nullptr;  // encoder-decoders: what the encoder reads, run by run; null: it stands in the states

  int64_t rows() const { return static_cast<int64_t>(ids.size()); }
};

/// Where the elements of a slot lie before and after each run; empty where the runs have no states.
struct CarriedElements {
  std::vector<float*> before, after;
};
CarriedElements carried_elements(const Batch& batch, int64_t slot);

/// A run of tokens to add to a batch.
struct RunInput {
  std::span<const int32_t> ids;
  int32_t first_position = 0;
  std::span<const int32_t> positions = {};    // instead of counting on from first_position
  std::span<const int32_t> token_types = {};  // empty: all 0
  std::span<const int32_t> mask = {};         // empty: all 1
  SequenceState* state = nullptr;
  int64_t text_length = 0;  // of the whole text, where this run is not its end
  int32_t adapter = 0;      // of the model's adapters, where it has any; -1: none
  /// Named where a sequence may be cut into runs anywhere without its bits showing it.
  kernels::AttentionPath path = kernels::AttentionPath::kByCount;
};

/// A Batch that owns its arrays.
class BatchBuilder {
 public:
  void clear();
  void add(const RunInput& run);
  void add(std::span<const int32_t> ids, int32_t first_position = 0, SequenceState* state = nullptr) {
    add(RunInput{.ids = ids, .first_position = first_position, .state = state});
  }
  /// All runs go on from states, one each in order, and leave those after them in others.
  void carry(std::span<SequenceState> states, std::span<SequenceState> next_states);
  bool carried() const { return !next_states_.empty(); }
  Batch batch() const;
  int64_t rows() const { return static_cast<int64_t>(ids_.size()); }
  std::span<const autograd::Run> runs() const { return runs_; }

 private:
  std::vector<int32_t> ids_, positions_, text_lengths_, token_types_, adapters_, first_rows_;
  std::vector<uint8_t> key_mask_;
  std::vector<autograd::Run> runs_;
  std::vector<SequenceState*> states_, next_states_;
  int32_t max_position_ = 0;
  int64_t longest_run_ = 0;
  bool masked_ = false;
};

}  // namespace malmoi::nn
