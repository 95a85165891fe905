// Oracle of products with packed matrices.
#include <vector>

#include "kernels/panels.h"
#include "kernels/ref/ref.h"

namespace malmoi::kernels::ref {
namespace {

// Rows as a product reads them: those of bf16 rounded to 8 bits in groups of 32.
template <typename T>
void rounded_row(const T* x, int64_t k, std::vector<double>& row) {
  for (int64_t i = 0; i < k; ++i) row[static_cast<size_t>(i)] = get(x[i]);
  if constexpr (std::is_same_v<T, BF16>) {
    constexpr int64_t kGroup = 32;
    for (int64_t begin = 0; begin < k; begin += kGroup) {
      float largest = 0;  // in f32, as the kernels: which way a tie goes is part of the result
      for (int64_t i = begin; i < begin + kGroup; ++i)
        largest = std::max(largest, static_cast<float>(std::abs(row[static_cast<size_t>(i)])));
      const float scale = largest / 127, inverse = largest > 0 ? 127 / largest : 0;
      for (int64_t i = begin; i < begin + kGroup; ++i) {
        double& value = row[static_cast<size_t>(i)];
        value = get(std::nearbyint(static_cast<float>(value) * inverse)) * get(scale);
      }
    }
  }
}

}  // namespace

void block_product(Stream&, const BlockProductArgs& a) {
  std::vector<float> weights(static_cast<size_t>(a.k));
  std::vector<double> row(static_cast<size_t>(a.k));
  with_type(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    for (int64_t m = 0; m < a.m; ++m) {
      rounded_row(as<T>(a.x) + m * a.k, a.k, row);
      int64_t n = 0;
      for (int p = 0; p < a.num_parts; ++p) {
        for (int64_t r = 0; r < a.parts[p].rows; ++r, ++n) {
          read_block_row(a.parts[p], r, weights.data());
          double sum = a.bias ? get(a.bias[n]) : 0;
          for (int64_t i = 0; i < a.k; ++i) sum += row[static_cast<size_t>(i)] * get(weights[static_cast<size_t>(i)]);
          with_type(a.y_dtype, [&](auto y) { put(as<decltype(y)>(a.y)[m * a.n + n], sum); });
        }
      }
    }
  });
}

void block_rows(Stream&, const BlockRowsArgs& a) {
  for (int64_t r = 0; r < a.rows; ++r) read_block_row(a, r);
}

}  // namespace malmoi::kernels::ref
