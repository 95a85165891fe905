#include "autograd/observed_weight.h"

namespace malmoi::autograd {
namespace {

template <typename Read>
void add_squares(const Tensor& x, const Read& read, ColumnSquares& seen) {
  const int64_t rows = x.shape().rows(), columns = x.shape().columns();
  seen.sums.resize(static_cast<size_t>(columns));
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c) {
      const auto value = static_cast<double>(read(r * columns + c));
      seen.sums[static_cast<size_t>(c)] += value * value;
    }
  }
  seen.rows += rows;
}

}  // namespace

void ObservedWeight::product(Context& context, const Tensor& x, Tensor& y, const Parameter* bias) const {
  context.step("squares of columns", 0, [&] {
    if (x.dtype() == DType::kBF16)
      add_squares(
          x, [&](int64_t i) { return to_float(x.as<BF16>()[i]); }, *seen_);
    else
      add_squares(
          x, [&](int64_t i) { return x.as<float>()[i]; }, *seen_);
  });
  base_->product(context, x, y, bias);
}

}  // namespace malmoi::autograd
