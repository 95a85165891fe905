// The rows of hidden states that have a target, in chunks, so that the logits of all of them never stand in memory at once.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "autograd/tape.h"
#include "autograd/weight.h"

namespace malmoi::autograd {

/// Made for one output projection. Rows whose target is negative are left out before the product. In a rehearsal all rows count,
/// are gathered, and come in the largest chunks: no step takes more. One thread.
class HeadRows {
 public:
  HeadRows(Context& context, const Var& hidden, const Weight& weight, Parameter* bias,
           std::span<const int32_t> targets);

  int64_t counted() const { return counted_; }
  /// Of counted rows, from the first of a chunk on.
  const int32_t* targets(int64_t begin) const { return targets_.as<int32_t>() + begin; }
  /// Calls visit(begin, rows) for the counted rows [begin, begin + rows) of each chunk.
  template <typename Visit>
  void each_chunk(const Visit& visit) const {
    for (int64_t begin = 0; begin < counted_; begin += chunk_) visit(begin, std::min(chunk_, counted_ - begin));
  }
  /// Counted rows [begin, begin + rows) of the hidden states, or of others that stand beside them: where they lie, or gathered.
  Tensor features(int64_t begin, int64_t rows) const { return features(hidden_.value, begin, rows); }
  Tensor features(const Tensor& states, int64_t begin, int64_t rows) const;

  /// Around the chunks' backward(), with a tape: makes room for the gradient of the hidden states, where it is wanted, zero where
  /// no row counts; end gives it to the tape.
  void begin_backward();
  void end_backward();
  /// The gradients that those of a chunk's logits give the head, its bias and the chunk's rows x of hidden states.
  void backward(int64_t begin, const Tensor& x, const Tensor& dlogits);

 private:
  std::span<const int32_t> index(int64_t begin, int64_t rows) const;

  Context& context_;
  const Var& hidden_;
  const Weight& weight_;
  Parameter* bias_;
  Tensor index_, targets_, gradient_;
  int64_t rows_, counted_ = 0, chunk_ = 1;
  bool all_ = false;  // rows count, and may be read where they lie
};

}  // namespace malmoi::autograd
