// The largest singular values of matrices whose values are known.
#include "model/principal_part.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/rng.h"

namespace malmoi::model {
namespace {

// Rows of random directions that stand at right angles.
std::vector<std::vector<double>> basis(int64_t count, int64_t n, uint64_t seed) {
  Rng rng(seed);
  std::vector<std::vector<double>> rows;
  while (static_cast<int64_t>(rows.size()) < count) {
    std::vector<double> row(static_cast<size_t>(n));
    for (double& x : row) x = rng.normal();
    for (int pass = 0; pass < 2; ++pass) {
      for (const auto& other : rows) {
        double share = 0;
        for (size_t i = 0; i < row.size(); ++i) share += row[i] * other[i];
        for (size_t i = 0; i < row.size(); ++i) row[i] -= share * other[i];
      }
    }
    double size = 0;
    for (double x : row) size += x * x;
    for (double& x : row) x /= std::sqrt(size);
    rows.push_back(std::move(row));
  }
  return rows;
}

Tensor matrix_of(int64_t rows, int64_t columns, const std::vector<double>& values) {
  const auto count = static_cast<int64_t>(values.size());
  const auto left = basis(count, rows, 1), right = basis(count, columns, 2);
  Tensor w = Tensor::zeros(DType::kF32, {rows, columns});
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c) {
      double sum = 0;
      for (size_t k = 0; k < values.size(); ++k)
        sum += values[k] * left[k][static_cast<size_t>(r)] * right[k][static_cast<size_t>(c)];
      w.as<float>()[r * columns + c] = static_cast<float>(sum);
    }
  }
  return w;
}

// The sum of squares of W minus its part of that rank.
double left_over(const Tensor& w, const PrincipalPart& part) {
  const int64_t rows = w.shape().rows(), columns = w.shape().columns();
  double sum = 0;
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c) {
      auto x = static_cast<double>(w.as<float>()[r * columns + c]);
      for (size_t k = 0; k < part.values.size(); ++k) {
        const auto i = static_cast<int64_t>(k);
        x -= static_cast<double>(part.values[k]) * static_cast<double>(part.left.as<float>()[i * rows + r]) *
             static_cast<double>(part.right.as<float>()[i * columns + c]);
      }
      sum += x * x;
    }
  }
  return sum;
}

TEST(PrincipalPart, FindsKnownValuesOfTallAndWideMatrices) {
  const std::vector<double> values{9, 5, 4.5, 2, 1, 0.5, 0.2, 0.1};
  for (auto [rows, columns] : {std::pair<int64_t, int64_t>{40, 24}, {24, 40}, {8, 8}}) {
    const Tensor w = matrix_of(rows, columns, values);
    const PrincipalPart part = principal_part(w, 3, 7);
    ASSERT_EQ(part.values.size(), 3u);
    for (size_t k = 0; k < 3; ++k) EXPECT_NEAR(static_cast<double>(part.values[k]), values[k], 1e-3);
    EXPECT_NEAR(left_over(w, part), 4 + 1 + 0.25 + 0.04 + 0.01, 1e-2) << rows << " by " << columns;
  }
}

TEST(PrincipalPart, AllOfASmallMatrixIsTheMatrix) {
  const Tensor w = matrix_of(6, 5, {3, 2, 1});
  const PrincipalPart part = principal_part(w, 5, 7);
  EXPECT_LT(left_over(w, part), 1e-8);
  EXPECT_LT(part.values[3], 1e-3f);
}

TEST(PrincipalPart, OfNothingIsNothing) {
  const PrincipalPart part = principal_part(Tensor::zeros(DType::kF32, {6, 5}), 2, 7);
  for (float value : part.values) EXPECT_EQ(value, 0);
  for (int64_t i = 0; i < part.left.elements(); ++i) EXPECT_EQ(part.left.as<float>()[i], 0);
}

}  // namespace
}  // namespace malmoi::model
