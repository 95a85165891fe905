#include "autograd/head_rows.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "autograd/bias.h"

namespace malmoi::autograd {
namespace {

// A chunk's logits take at most this much; larger chunks write the weight's gradient less often.
constexpr int64_t kChunkBytes = 64 << 20;
constexpr int64_t kMinChunkRows = 64;

// Rows of `from` named by `index` to the rows 0.. of `to`, or back (scatter).
void move_rows(const Tensor& from, Tensor& to, std::span<const int32_t> index, bool scatter) {
  size_t row = static_cast<size_t>(from.shape().columns()) * dtype_size(from.dtype());
  auto* source = static_cast<const std::byte*>(from.data());
  auto* target = static_cast<std::byte*>(to.data());
  for (size_t i = 0; i < index.size(); ++i) {
    size_t at = static_cast<size_t>(index[i]);
    std::memcpy(target + (scatter ? at : i) * row, source + (scatter ? i : at) * row, row);
  }
}

int64_t largest_chunk(int64_t rows, int64_t vocab, DType type) {
  const int64_t fit = kChunkBytes / (vocab * static_cast<int64_t>(dtype_size(type)));
  return std::min(rows, std::max(fit / 16 * 16, kMinChunkRows));
}

// Equal chunks: one shape of product, not a remainder's too.
int64_t equal_chunk(int64_t rows, int64_t largest) {
  const int64_t chunks = (rows + largest - 1) / largest;
  return (rows + chunks - 1) / chunks;
}

}  // namespace

HeadRows::HeadRows(Context& context, const Var& hidden, int64_t vocab, std::span<const int32_t> targets)
    : context_(context),
      hidden_(hidden),
      index_(context.temporary(DType::kI32, {hidden.value.shape().rows()})),
      targets_(context.temporary(DType::kI32, {hidden.value.shape().rows()})),
      rows_(hidden.value.shape().rows()),
      cols_(hidden.value.shape().columns()) {
  if (context.rehearsal()) {
    counted_ = rows_;
  } else {
    for (int64_t r = 0; r < rows_; ++r) {
      int32_t target = targets[static_cast<size_t>(r)];
      if (target < 0) continue;
      index_.as<int32_t>()[counted_] = static_cast<int32_t>(r);
      targets_.as<int32_t>()[counted_++] = target;
    }
  }
  all_ = counted_ == rows_ && !context.rehearsal();
  const int64_t rows = std::max<int64_t>(counted_, 1), largest = largest_chunk(rows, vocab, context.dtype);
  // Fewer rows may make a larger chunk: 100 one of 100 where 101 make two of 51.
  chunk_ = context.rehearsal() ? largest : equal_chunk(rows, largest);
}

std::span<const int32_t> HeadRows::index(int64_t begin, int64_t rows) const {
  if (all_ || context_.rehearsal()) return {};
  return {index_.as<int32_t>() + begin, static_cast<size_t>(rows)};
}

Tensor HeadRows::features(int64_t begin, int64_t rows) {
  if (all_) return hidden_.value.rows(begin, rows);
  Tensor made = context_.temporary(context_.dtype, {rows, cols_});
  move_rows(hidden_.value, made, index(begin, rows), false);
  return made;
}

void HeadRows::begin_gradient() {
  if (!context_.tape || !hidden_.on_tape()) return;
  gradient_ = context_.temporary(context_.dtype, {rows_, cols_});
  if (!all_ && !context_.rehearsal()) std::memset(gradient_.data(), 0, gradient_.bytes());
}

Tensor HeadRows::gradient(int64_t begin, int64_t rows) {
  return all_ ? gradient_.rows(begin, rows) : context_.temporary(context_.dtype, {rows, cols_});
}

void HeadRows::put(const Tensor& made, int64_t begin) {
  if (!all_) move_rows(made, gradient_, index(begin, made.shape().rows()), true);
}

void HeadRows::give_gradient() {
  if (context_.tape) context_.tape->give_grad(context_, hidden_.id, std::move(gradient_));
}

void head_backward(Context& context, HeadRows& rows, int64_t begin, const Tensor& x, const Tensor& dlogits,
                   const Weight& weight, Parameter* bias) {
  accumulate_bias(context, bias, dlogits);
  if (weight.wants_gradient()) weight.accumulate_gradient(context, dlogits, x);
  if (!rows.wants_gradient()) return;
  Tensor dx = rows.gradient(begin, dlogits.shape().rows());
  // A row of these gradients spans too many orders of magnitude for one scale: in 8 bits training stalls.
  const bool int8 = std::exchange(context.int8_products, false);
  weight.product_transposed(context, dlogits, dx, false);
  context.int8_products = int8;
  rows.put(dx, begin);
}

}  // namespace malmoi::autograd
