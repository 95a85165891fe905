// What goes into a forward pass: rows of tokens, which of them belong together, and the state they continue.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "autograd/ops.h"
#include "nn/sequence_state.h"

namespace malmoi::nn {

/// Rows are tokens, of any number of sequences one after the other. Run i (rows [begin, begin + length)) continues
/// `states[i]`, or stands alone where there are no states (training, scoring).
struct Batch {
  std::span<const int32_t> ids;        // [rows]
  std::span<const int32_t> positions;  // [rows], each run counting on from its state's length
  std::span<const autograd::Run> runs;
  std::span<SequenceState* const> states;  // empty, or one a run
  int32_t max_position = 0;                // the largest of `positions`

  int64_t rows() const { return static_cast<int64_t>(ids.size()); }
};

/// A Batch that owns its arrays.
class BatchBuilder {
 public:
  void clear();
  /// Adds a run of tokens whose first stands at position `first_position`.
  void add(std::span<const int32_t> ids, int32_t first_position = 0, SequenceState* state = nullptr);
  Batch batch() const;
  int64_t rows() const { return static_cast<int64_t>(ids_.size()); }
  std::span<const autograd::Run> runs() const { return runs_; }

 private:
  std::vector<int32_t> ids_, positions_;
  std::vector<autograd::Run> runs_;
  std::vector<SequenceState*> states_;
  int32_t max_position_ = 0;
};

}  // namespace malmoi::nn
