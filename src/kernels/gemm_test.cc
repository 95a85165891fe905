// Every provider of products against f64 sums, over shapes, layouts and types.
#include "kernels/gemm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "base/parallel.h"
#include "base/rng.h"

namespace malmoi::kernels {
namespace {

struct Case {
  int64_t m, n, k;
};

std::vector<std::byte> random_matrix(DType type, size_t n, uint64_t seed, std::vector<double>& values) {
  Rng rng(seed);
  std::vector<std::byte> data(n * dtype_size(type));
  values.resize(n);
  for (double& x : values) x = rng.uniform() * 2 - 1;
  convert(values.data(), DType::kF64, data.data(), type, n);
  convert(data.data(), type, values.data(), DType::kF64, n);
  return data;
}

/// Runs one product and returns the worst error, in units of its tolerance.
double worst_error(const GemmProvider& provider, GemmArgs g) {
  int64_t pad = 3;
  g.lda = (g.transpose_a ? g.m : g.k) + pad, g.ldb = (g.transpose_b ? g.k : g.n) + pad, g.ldc = g.n + pad;
  std::vector<double> a, b, c, bias;
  auto a_data = random_matrix(g.a_type, static_cast<size_t>((g.transpose_a ? g.k : g.m) * g.lda), 1, a);
  auto b_data = random_matrix(g.b_type, static_cast<size_t>((g.transpose_b ? g.n : g.k) * g.ldb), 2, b);
  auto c_data = random_matrix(g.c_type, static_cast<size_t>(g.m * g.ldc), 3, c);
  auto bias_data =
      random_matrix(g.a_type == DType::kF64 ? DType::kF64 : DType::kF32, static_cast<size_t>(g.n), 4, bias);
  g.a = a_data.data(), g.b = b_data.data(), g.c = c_data.data();
  if (g.bias) g.bias = reinterpret_cast<const float*>(bias_data.data());
  if (!provider.supports(g)) return 0;
  std::vector<double> before = c;
  provider.run(g);
  convert(c_data.data(), g.c_type, c.data(), DType::kF64, c.size());
  double relative = g.c_type == DType::kBF16 ? 0x1p-8 : g.a_type == DType::kF64 ? 1e-13 : 3e-6, worst = 0;
  for (int64_t i = 0; i < g.m; ++i) {
    for (int64_t j = 0; j < g.ldc; ++j) {
      auto at = static_cast<size_t>(i * g.ldc + j);
      if (j >= g.n) {
        if (c[at] != before[at]) return INFINITY;  // wrote between rows
        continue;
      }
      double sum = g.accumulate ? before[at] : 0, size = std::abs(sum);
      if (g.bias) sum += bias[static_cast<size_t>(j)];
      for (int64_t k = 0; k < g.k; ++k) {
        double term = a[static_cast<size_t>(g.transpose_a ? k * g.lda + i : i * g.lda + k)] *
                      b[static_cast<size_t>(g.transpose_b ? j * g.ldb + k : k * g.ldb + j)];
        sum += term, size += std::abs(term);
      }
      double allowed = relative * std::abs(sum) + 3e-7 * (g.a_type == DType::kF64 ? 1e-6 : 1) * (size + 1);
      worst = std::max(worst, std::abs(c[at] - sum) / allowed);
    }
  }
  return worst;
}

/// Bits of `flags`: A transposed, B transposed, added to C, with a bias (worst_error() puts its values).
GemmArgs arguments(const Case& c, int flags, DType ab, DType ct) {
  static const float has_bias = 0;
  return {.m = c.m,
          .n = c.n,
          .k = c.k,
          .a_type = ab,
          .transpose_a = (flags & 1) != 0,
          .b_type = ab,
          .transpose_b = (flags & 2) != 0,
          .c_type = ct,
          .accumulate = (flags & 4) != 0,
          .bias = flags & 8 ? &has_bias : nullptr};
}

TEST(Gemm, ProvidersAgreeWithSumsInF64) {
  const Case cases[] = {{1, 1, 1},     {3, 5, 7},    {17, 33, 65}, {64, 48, 32},
                        {31, 70, 129}, {1, 100, 50}, {60, 1, 3},   {40, 70, 200}};
  int count = 0;
  const GemmProvider* providers = gemm_providers(count);
  ASSERT_GE(count, 1);
  for (int p = 0; p < count; ++p) {
    for (const Case& c : cases) {
      for (int flags = 0; flags < 16; ++flags) {
        if (c.m > 20 && flags % 5 != 2) continue;  // each flag with each other at the small sizes
        for (auto [ab, ct] : {std::pair{DType::kF32, DType::kF32},
                              {DType::kBF16, DType::kBF16},
                              {DType::kBF16, DType::kF32},
                              {DType::kF64, DType::kF64}}) {
          GemmArgs g = arguments(c, flags, ab, ct);
          EXPECT_LE(worst_error(providers[p], g), 1.0)
              << providers[p].name << " " << c.m << "x" << c.n << "x" << c.k << " flags " << flags << " "
              << dtype_name(ab) << " -> " << dtype_name(ct);
        }
      }
    }
  }
}

TEST(Gemm, PackedProductsCrossTheirBlocks) {
  int count = 0;
  const GemmProvider* providers = gemm_providers(count);
  for (const Case& c : {Case{20, 300, 550}, Case{540, 34, 35}, Case{15, 1100, 20}, Case{30, 33, 2101}}) {
    for (int flags : {0, 1, 2, 3, 12, 13}) {
      for (auto [ab, ct] : {std::pair{DType::kF32, DType::kF32},
                            {DType::kBF16, DType::kBF16},
                            {DType::kBF16, DType::kF32},
                            {DType::kF32, DType::kBF16}}) {
        GemmArgs g = arguments(c, flags, ab, ct);
        for (int p = 0; p < count; ++p) {
          if (std::string(providers[p].name) != "packed") continue;
          EXPECT_TRUE(providers[p].supports(g));
          EXPECT_LE(worst_error(providers[p], g), 1.0) << c.m << "x" << c.n << "x" << c.k << " flags " << flags << " "
                                                       << dtype_name(ab) << " -> " << dtype_name(ct);
        }
      }
    }
  }
}

TEST(Gemm, PackedProductsDoNotDependOnTheNumberOfThreads) {
  std::vector<double> unused;
  auto a = random_matrix(DType::kBF16, 700 * 300, 1, unused), b = random_matrix(DType::kBF16, 700 * 500, 2, unused);
  std::vector<float> first(300 * 500), second(300 * 500);
  int count = 0, threads = num_threads();
  const GemmProvider* providers = gemm_providers(count);
  GemmArgs g{.m = 300,
             .n = 500,
             .k = 700,
             .a = a.data(),
             .a_type = DType::kBF16,
             .lda = 300,
             .transpose_a = true,
             .b = b.data(),
             .b_type = DType::kBF16,
             .ldb = 500,
             .ldc = 500};
  for (int p = 0; p < count; ++p) {
    if (std::string(providers[p].name) != "packed") continue;
    set_num_threads(1), g.c = first.data(), providers[p].run(g);
    set_num_threads(6), g.c = second.data(), providers[p].run(g);
    EXPECT_EQ(first, second);
  }
  set_num_threads(threads);
}

/// round(x / largest of its row or column * 127), as the kernel rounds; `stride` between values of it.
std::vector<int> eight_bits(const double* x, int64_t n, int64_t stride, double& scale) {
  float largest = 0;
  for (int64_t i = 0; i < n; ++i) largest = std::max(largest, std::abs(static_cast<float>(x[i * stride])));
  float up = largest > 0 ? 127.0f / largest : 0;
  scale = largest / 127.0f;
  std::vector<int> bytes;
  for (int64_t i = 0; i < n; ++i)
    bytes.push_back(static_cast<int>(std::nearbyint(static_cast<float>(x[i * stride]) * up)));
  return bytes;
}

TEST(Gemm, EightBitProductsAreExactAfterRounding) {
  if (!has_int8_products()) GTEST_SKIP() << "no VNNI";
  int count = 0;
  const GemmProvider& provider = gemm_providers(count)[0];
  ASSERT_STREQ(provider.name, "int8");
  for (auto [m, n, k] : {Case{1, 1, 1}, Case{5, 33, 70}, Case{30, 64, 128}, Case{17, 300, 200}, Case{43, 31, 3}}) {
    for (int flags = 0; flags < 16; ++flags) {
      int64_t lda = k + 3, ldb = (flags & 1 ? k : n) + 3, ldc = n + 3;
      DType type = flags & 2 ? DType::kF32 : DType::kBF16;
      std::vector<double> a, b, c, bias;
      auto a_data = random_matrix(DType::kBF16, static_cast<size_t>(m * lda), 1, a);
      auto b_data = random_matrix(DType::kBF16, static_cast<size_t>((flags & 1 ? n : k) * ldb), 2, b);
      auto c_data = random_matrix(type, static_cast<size_t>(m * ldc), 3, c);
      auto bias_data = random_matrix(DType::kF32, static_cast<size_t>(n), 4, bias);
      GemmArgs g{.m = m,
                 .n = n,
                 .k = k,
                 .a = a_data.data(),
                 .a_type = DType::kBF16,
                 .lda = lda,
                 .b = b_data.data(),
                 .b_type = DType::kBF16,
                 .ldb = ldb,
                 .transpose_b = (flags & 1) != 0,
                 .c = c_data.data(),
                 .c_type = type,
                 .ldc = ldc,
                 .accumulate = (flags & 4) != 0,
                 .bias = flags & 8 ? reinterpret_cast<const float*>(bias_data.data()) : nullptr,
                 .int8 = true};
      ASSERT_TRUE(provider.supports(g));
      std::vector<double> before = c;
      provider.run(g);
      convert(c_data.data(), type, c.data(), DType::kF64, c.size());
      for (int64_t i = 0; i < m; ++i) {
        double row_scale, column_scale;
        std::vector<int> row = eight_bits(a.data() + i * lda, k, 1, row_scale);
        for (int64_t j = 0; j < ldc; ++j) {
          auto at = static_cast<size_t>(i * ldc + j);
          if (j >= n) {
            ASSERT_EQ(c[at], before[at]) << "wrote between rows";
            continue;
          }
          std::vector<int> column =
              eight_bits(b.data() + (flags & 1 ? j * ldb : j), k, flags & 1 ? 1 : ldb, column_scale);
          int64_t sum = 0;
          for (size_t q = 0; q < row.size(); ++q) sum += row[q] * column[q];
          double want = static_cast<double>(sum) * row_scale * column_scale;
          if (flags & 8) want += bias[static_cast<size_t>(j)];
          if (flags & 4) want += before[at];
          double allowed = (type == DType::kBF16 ? 0x1p-8 : 1e-6) * std::abs(want) + 1e-6;
          ASSERT_NEAR(c[at], want, allowed)
              << m << "x" << n << "x" << k << " flags " << flags << " at " << i << ", " << j;
        }
      }
    }
  }
}

TEST(Gemm, EightBitProductsKeepNaN) {
  if (!has_int8_products()) GTEST_SKIP() << "no VNNI";
  std::vector<BF16> a(2 * 40, to_bf16(1)), b(40 * 3, to_bf16(1));
  a[40 + 7] = to_bf16(NAN), a[40 + 30] = to_bf16(2);
  std::vector<float> c(2 * 3);
  run_gemm({.m = 2,
            .n = 3,
            .k = 40,
            .a = a.data(),
            .a_type = DType::kBF16,
            .lda = 40,
            .b = b.data(),
            .b_type = DType::kBF16,
            .ldb = 3,
            .c = c.data(),
            .ldc = 3,
            .int8 = true});
  for (size_t j = 0; j < 3; ++j) {
    EXPECT_FLOAT_EQ(c[j], 40);
    EXPECT_TRUE(std::isnan(c[3 + j]));
  }
}

TEST(Gemm, EveryProductHasAProvider) {
  int count = 0;
  const GemmProvider* providers = gemm_providers(count);
  GemmArgs g{.m = 2, .n = 2, .k = 0};
  EXPECT_TRUE(providers[count - 1].supports(g)) << "the last provider supports everything";
}

TEST(Gemm, EmptySumsGiveTheBias) {
  std::vector<float> c(4, 5.0f), bias = {1, 2};
  GemmArgs g{.m = 2, .n = 2, .k = 0, .lda = 1, .ldb = 2, .c = c.data(), .ldc = 2, .bias = bias.data()};
  run_gemm(g);
  EXPECT_EQ(c, (std::vector<float>{1, 2, 1, 2}));
}

TEST(Gemm, RepeatsToTheBit) {
  std::vector<double> unused;
  auto a = random_matrix(DType::kF32, 200 * 300, 1, unused), b = random_matrix(DType::kF32, 300 * 150, 2, unused);
  std::vector<float> first(200 * 150), second(200 * 150);
  GemmArgs g{.m = 200, .n = 150, .k = 300, .a = a.data(), .lda = 300, .b = b.data(), .ldb = 150, .ldc = 150};
  g.c = first.data();
  run_gemm(g);
  g.c = second.data();
  run_gemm(g);
  EXPECT_EQ(first, second);
}

}  // namespace
}  // namespace malmoi::kernels
