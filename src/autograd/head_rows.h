// The rows of hidden states that have a target, in chunks, so that the logits of all of them never stand in memory at once.
#pragma once

#include <cstdint>
#include <span>

#include "autograd/tape.h"
#include "autograd/weight.h"

namespace malmoi::autograd {

/// Made for one output projection of `vocab` columns. Rows whose target is negative are left out before the product. In a
/// rehearsal all rows count, are gathered, and come in the largest chunks: no step takes more. One thread.
class HeadRows {
 public:
  HeadRows(Context& context, const Var& hidden, int64_t vocab, std::span<const int32_t> targets);

  int64_t counted() const { return counted_; }
  int64_t chunk() const { return chunk_; }
  /// Of counted rows, from the first of a chunk on.
  const int32_t* targets(int64_t begin) const { return targets_.as<int32_t>() + begin; }
  /// Counted rows [begin, begin + rows): where they lie, or gathered.
  Tensor features(int64_t begin, int64_t rows);

  /// Makes room for the gradient of the hidden states, zero where no row counts; with a tape and where it is wanted.
  void begin_gradient();
  bool wants_gradient() const { return static_cast<bool>(gradient_); }
  /// Where the gradient of counted rows [begin, begin + rows) is to be made; put() moves it into place.
  Tensor gradient(int64_t begin, int64_t rows);
  void put(const Tensor& made, int64_t begin);
  /// Gives the whole to the tape.
  void give_gradient();

 private:
  std::span<const int32_t> index(int64_t begin, int64_t rows) const;

  Context& context_;
  const Var& hidden_;
  Tensor index_, targets_, gradient_;
  int64_t rows_, cols_, counted_ = 0, chunk_ = 1;
  bool all_ = false;  // rows count, and may be read where they lie
};

/// The gradients that those of a chunk's logits give the head, its bias and the chunk's rows x of hidden states.
void head_backward(Context& context, HeadRows& rows, int64_t begin, const Tensor& x, const Tensor& dlogits,
                   const Weight& weight, Parameter* bias);

}  // namespace malmoi::autograd
