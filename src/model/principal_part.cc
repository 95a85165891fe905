#include "model/principal_part.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/rng.h"
#include "kernels/kernels.h"

namespace malmoi::model {
namespace {

// Vectors beyond those that are wanted, and how often the matrix is applied: values that lie near each other need both.
constexpr int64_t kMoreVectors = 8, kRounds = 8;
constexpr double kNothing = 1e-12;
constexpr int kMostSweeps = 60;

// y[k, out] = x[k, in] W^T, or with `back` y[k, in] = x[k, out] W.
Tensor applied(const Tensor& w, const Tensor& x, bool back) {
  const int64_t k = x.shape().rows(), out = back ? w.shape().columns() : w.shape().rows(), in = x.shape().columns();
  Tensor y = Tensor::zeros(DType::kF32, {k, out});
  Stream stream;
  kernels::cpu_backend().gemm(stream, {.m = k,
                                       .n = out,
                                       .k = in,
                                       .a = x.data(),
                                       .a_type = DType::kF32,
                                       .lda = in,
                                       .b = w.data(),
                                       .b_type = DType::kF32,
                                       .ldb = w.shape().columns(),
                                       .transpose_b = !back,
                                       .c = y.data(),
                                       .c_type = DType::kF32,
                                       .ldc = out});
  return y;
}

double dot_of(const float* x, const float* y, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(y[i]);
  return sum;
}

// Rows to an orthonormal basis, each against those before it, twice; a row that adds nothing becomes zeros.
void orthonormalise(Tensor& rows) {
  const int64_t n = rows.shape().columns();
  for (int64_t i = 0; i < rows.shape().rows(); ++i) {
    float* row = rows.as<float>() + i * n;
    const double before = std::sqrt(dot_of(row, row, n));
    for (int pass = 0; pass < 2; ++pass) {
      for (int64_t j = 0; j < i; ++j) {
        const float* other = rows.as<float>() + j * n;
        const auto share = static_cast<float>(dot_of(row, other, n));
        for (int64_t c = 0; c < n; ++c) row[c] -= share * other[c];
      }
    }
    const double size = std::sqrt(dot_of(row, row, n));
    constexpr double kLost = 1e-5;  // of f32: what is left is rounding
    const bool counts = size > kNothing && size > kLost * before;
    const auto factor = static_cast<float>(counts ? 1 / size : 0);
    for (int64_t c = 0; c < n; ++c) row[c] *= factor;
  }
}

void rotate(double& x, double& y, double cosine, double sine) {
  const double before = x;
  x = cosine * before - sine * y;
  y = sine * before + cosine * y;
}

// The eigenvalues of a symmetric matrix, which is used up, and its vectors by column, by Jacobi's rotations.
std::vector<double> eigen(std::vector<double>& a, std::vector<double>& vectors, size_t n) {
  vectors.assign(n * n, 0);
  for (size_t i = 0; i < n; ++i) vectors[i * n + i] = 1;
  for (int sweep = 0; sweep < kMostSweeps; ++sweep) {
    double off = 0, on = 0;
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < n; ++j) (i == j ? on : off) += a[i * n + j] * a[i * n + j];
    }
    if (off <= kNothing * kNothing * on) break;
    for (size_t p = 0; p < n; ++p) {
      for (size_t q = p + 1; q < n; ++q) {
        const double apq = a[p * n + q];
        if (apq == 0) continue;
        const double theta = (a[q * n + q] - a[p * n + p]) / (2 * apq);
        const double t = (theta >= 0 ? 1 : -1) / (std::abs(theta) + std::sqrt(theta * theta + 1));
        const double c = 1 / std::sqrt(t * t + 1), s = t * c;
        for (size_t i = 0; i < n; ++i) rotate(a[i * n + p], a[i * n + q], c, s);
        for (size_t i = 0; i < n; ++i) rotate(a[p * n + i], a[q * n + i], c, s);
        for (size_t i = 0; i < n; ++i) rotate(vectors[i * n + p], vectors[i * n + q], c, s);
      }
    }
  }
  std::vector<double> values(n);
  for (size_t i = 0; i < n; ++i) values[i] = a[i * n + i];
  return values;
}

// to[row] = factor * sum over i of vectors[i, column] rows[i].
void combine(const Tensor& rows, const std::vector<double>& vectors, size_t column, double factor, float* to) {
  const int64_t k = rows.shape().rows(), n = rows.shape().columns();
  std::vector<double> sum(static_cast<size_t>(n), 0.0);
  for (int64_t i = 0; i < k; ++i) {
    const double share = vectors[static_cast<size_t>(i * k) + column];
    const float* row = rows.as<float>() + i * n;
    for (int64_t c = 0; c < n; ++c) sum[static_cast<size_t>(c)] += share * static_cast<double>(row[c]);
  }
  for (int64_t c = 0; c < n; ++c) to[c] = static_cast<float>(factor * sum[static_cast<size_t>(c)]);
}

}  // namespace

PrincipalPart principal_part(const Tensor& matrix, int64_t rank, uint64_t seed) {
  const int64_t rows = matrix.shape().rows(), columns = matrix.shape().columns();
  const int64_t k = std::min(rank + kMoreVectors, std::min(rows, columns));
  Tensor right = Tensor::zeros(DType::kF32, {k, columns});
  Rng rng(seed);
  for (int64_t i = 0; i < right.elements(); ++i) right.as<float>()[i] = static_cast<float>(rng.normal());
  Tensor left;
  for (int64_t round = 0; round < kRounds; ++round) {
    orthonormalise(right);
    left = applied(matrix, right, false);
    orthonormalise(left);
    right = applied(matrix, left, true);  // left W: rows are no longer of length 1
  }
  const auto n = static_cast<size_t>(k);
  std::vector<double> gram(n * n), vectors;
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j)
      gram[i * n + j] = dot_of(right.as<float>() + static_cast<int64_t>(i) * columns,
                               right.as<float>() + static_cast<int64_t>(j) * columns, columns);
  }
  const std::vector<double> squares = eigen(gram, vectors, n);
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, [&](size_t i, size_t j) { return squares[i] > squares[j]; });
  PrincipalPart part{.values = {},
                     .left = Tensor::zeros(DType::kF32, {rank, rows}),
                     .right = Tensor::zeros(DType::kF32, {rank, columns})};
  for (int64_t i = 0; i < rank; ++i) {
    const size_t column = order[static_cast<size_t>(i)];
    const double value = std::sqrt(std::max(squares[column], 0.0));
    part.values.push_back(static_cast<float>(value));
    if (value <= kNothing) continue;
    combine(left, vectors, column, 1, part.left.as<float>() + i * rows);
    combine(right, vectors, column, 1 / value, part.right.as<float>() + i * columns);
  }
  return part;
}

void write_factors(const PrincipalPart& part, double scale, float* a, float* b) {
  const int64_t rank = part.left.shape().rows(), rows = part.left.shape().columns(),
                columns = part.right.shape().columns();
  for (int64_t k = 0; k < rank; ++k) {
    const auto root = static_cast<float>(std::sqrt(static_cast<double>(part.values[static_cast<size_t>(k)]) / scale));
    for (int64_t c = 0; c < columns; ++c) a[k * columns + c] = root * part.right.as<float>()[k * columns + c];
    for (int64_t r = 0; r < rows; ++r) b[r * rank + k] = root * part.left.as<float>()[k * rows + r];
  }
}

}  // namespace malmoi::model
