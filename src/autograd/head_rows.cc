#include "autograd/head_rows.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "autograd/bias.h"
#include "base/temporarily.h"

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

HeadRows::HeadRows(Context& context, const Var& hidden, const Weight& weight, Parameter* bias,
                   std::span<const int32_t> targets)
    : context_(context),
      hidden_(hidden),
      weight_(weight),
      bias_(bias),
      index_(context.temporary(DType::kI32, {hidden.value.shape().rows()})),
      targets_(context.temporary(DType::kI32, {hidden.value.shape().rows()})),
      rows_(hidden.value.shape().rows()) {
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
  const int64_t rows = std::max<int64_t>(counted_, 1),
                largest = largest_chunk(rows, weight.out_features(), context.dtype);
  // Fewer rows may make a larger chunk: 100 one of 100 where 101 make two of 51.
  chunk_ = context.rehearsal() ? largest : equal_chunk(rows, largest);
}

std::span<const int32_t> HeadRows::index(int64_t begin, int64_t rows) const {
  if (all_ || context_.rehearsal()) return {};
  return {index_.as<int32_t>() + begin, static_cast<size_t>(rows)};
}

Tensor HeadRows::features(const Tensor& states, int64_t begin, int64_t rows) const {
  if (all_) return states.rows(begin, rows);
  Tensor made = context_.temporary(context_.dtype, {rows, states.shape().columns()});
  move_rows(states, made, index(begin, rows), false);
  return made;
}

void HeadRows::begin_backward() {
  if (!context_.tape) return;
  context_.tape->begin_use(weight_.parameters());
  context_.tape->begin_use({&bias_, 1});
  if (!hidden_.on_tape()) return;
  gradient_ = context_.temporary(context_.dtype, {rows_, hidden_.value.shape().columns()});
  if (!all_ && !context_.rehearsal()) std::memset(gradient_.data(), 0, gradient_.bytes());
}

void HeadRows::backward(int64_t begin, const Tensor& x, const Tensor& dlogits) {
  if (!context_.tape) return;
  accumulate_bias(context_, bias_, dlogits);
  if (weight_.wants_gradient()) weight_.accumulate_gradient(context_, dlogits, x);
  if (!gradient_) return;
  const int64_t rows = dlogits.shape().rows();
  Tensor dx =
      all_ ? gradient_.rows(begin, rows) : context_.temporary(context_.dtype, {rows, gradient_.shape().columns()});
  // A row of these gradients spans too many orders of magnitude for one scale: in 8 bits training stalls.
  const Temporarily whole(context_.int8_products, false);
  weight_.product_transposed(context_, dlogits, dx, false);
  if (!all_) move_rows(dx, gradient_, index(begin, rows), true);
}

void HeadRows::end_backward() {
  if (!context_.tape) return;
  context_.tape->end_use(weight_.parameters());
  context_.tape->end_use({&bias_, 1});
  context_.tape->give_grad(context_, hidden_.id, std::move(gradient_));
}

}  // namespace malmoi::autograd
