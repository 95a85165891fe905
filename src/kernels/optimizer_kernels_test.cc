// AdamW, sums of squares and conversions against the oracle.
#include "kernels/test_support.h"

namespace malmoi::kernels {
namespace {

TEST(Kernels, AdamW) {
  for (const Backend* table : testable_tables()) {
    int64_t n = 17003;
    Twin p(DType::kF32, n, 1), g(DType::kF32, n, 2), m(DType::kF32, n, 3, 0.1), v(DType::kF32, n, 4, 0.1);
    for (int64_t i = 0; i < n; ++i) v.at(i) = std::abs(v.at(i));
    v.sync();
    auto floats = [](Twin& t) {
      std::vector<float> f;
      for (double x : t.values()) f.push_back(static_cast<float>(x));
      return f;
    };
    std::vector<float> p0 = floats(p), p1 = p0, m0 = floats(m), m1 = m0, v0 = floats(v), v1 = v0, grad = floats(g);
    std::vector<BF16> copy0(static_cast<size_t>(n)), copy1 = copy0;
    AdamWArgs a{.n = n,
                .p = p0.data(),
                .g = grad.data(),
                .m = m0.data(),
                .v = v0.data(),
                .copy = copy0.data(),
                .grad_scale = 0.5f,
                .lr = 1e-2f,
                .weight_decay = 0.1f,
                .bias1 = 0.4f,
                .bias2 = 0.2f};
    reference_backend().adamw(stream(), a);
    a.p = p1.data(), a.m = m1.data(), a.v = v1.data(), a.copy = copy1.data();
    table->adamw(stream(), a);
    for (size_t i = 0; i < static_cast<size_t>(n); ++i) {
      ASSERT_NEAR(p0[i], p1[i], 1e-6) << table->name;
      ASSERT_NEAR(m0[i], m1[i], 1e-6) << table->name;
      ASSERT_NEAR(v0[i], v1[i], 1e-6) << table->name;
      ASSERT_NEAR(to_float(copy1[i]), p1[i], 0x1p-8 * std::abs(p1[i]) + 1e-30) << table->name;
    }
  }
}

TEST(Kernels, SumOfSquares) {
  auto sum_of = [](const Backend& table, const std::vector<float>& x, double before = 0) {
    table.sum_of_squares(stream(), {static_cast<int64_t>(x.size()), x.data(), &before});
    return before;
  };
  for (const Backend* table : testable_tables()) {
    for (size_t n : {0, 1, 1000, 70001}) {
      std::vector<float> x(n);
      Rng rng(9);
      for (float& e : x) e = static_cast<float>(rng.normal());
      double expected = sum_of(reference_backend(), x);
      EXPECT_NEAR(sum_of(*table, x), expected, 1e-12 * expected);
      EXPECT_NEAR(sum_of(*table, x, 3), expected + 3, 1e-12 * (expected + 3)) << "it adds to what was there";
    }
    EXPECT_NEAR(sum_of(*table, {1e30f}), 1e60, 1e54) << "squares beyond f32 are summed in f64";
  }
}

TEST(Kernels, Conversions) {
  for (const Backend* table : testable_tables()) {
    std::vector<float> x = {0,      -0.0f, 1, 1.00390625f, 1.01171875f, 3.14159f, -2.5e30f, INFINITY, -INFINITY, 65504,
                            1e-20f, -7,    8, 9,           10,          11,       12,       13,       14};
    std::vector<BF16> y(x.size());
    table->to_bf16(stream(), {static_cast<int64_t>(x.size()), x.data(), y.data()});
    for (size_t i = 0; i < x.size(); ++i) EXPECT_EQ(y[i].bits, to_bf16(x[i]).bits) << table->name << " " << x[i];
    float nan = NAN;
    table->to_bf16(stream(), {1, &nan, y.data()});
    EXPECT_TRUE(std::isnan(to_float(y[0]))) << table->name;
  }
}

}  // namespace
}  // namespace malmoi::kernels
