#include "autograd/observed_weight.h"

#include "autograd/adapted_values.h"
#include "base/parallel.h"

namespace malmoi::autograd {
namespace {

// Each column's rows in their order, whoever adds them up.
template <typename T>
void add_squares(const T* values, int64_t rows, int64_t columns, ColumnSquares& seen) {
  seen.sums.resize(static_cast<size_t>(columns));
  parallel_for(columns, adapted::grain(rows), [&](int64_t begin, int64_t end) {
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = begin; c < end; ++c) {
        const auto value = static_cast<double>(adapted::load(values[r * columns + c]));
        seen.sums[static_cast<size_t>(c)] += value * value;
      }
    }
  });
  seen.rows += rows;
}

}  // namespace

Observer add_squares_to(ColumnSquares& seen) {
  return [&seen](const Tensor& x) {
    adapted::in_type(x, [&](const auto* values) { add_squares(values, x.shape().rows(), x.shape().columns(), seen); });
  };
}

void ObservedWeight::product(Context& context, const Tensor& x, Tensor& y, const Parameter* bias) const {
  context.step("what a product reads", 0, [&] { observer_(x); });
  base_->product(context, x, y, bias);
}

}  // namespace malmoi::autograd
