// Weights with adapters: magnitudes against the formula, rows of several adapters in one product.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "autograd/op_cases.h"

namespace malmoi::autograd {
namespace {

constexpr int64_t kOut = 7, kIn = 8, kRank = 2, kRows = 6;

double at(const std::vector<double>& values, int64_t row, int64_t width, int64_t column) {
  return values[static_cast<size_t>(row * width + column)];
}

// W + scale B A of a part in f64, and the norm of each of its rows.
struct Direct {
  std::vector<double> rows, norms;
  Direct(const Tensor& base, const LowRank& part) : rows(values_of(base)) {
    const std::vector<double> a = values_of(part.a->compute), b = values_of(part.b->compute);
    for (int64_t r = 0; r < part.rows(); ++r) {
      double sum = 0;
      for (int64_t c = 0; c < kIn; ++c) {
        double& value = rows[static_cast<size_t>((part.row_begin + r) * kIn + c)];
        for (int64_t k = 0; k < kRank; ++k) value += part.scale * at(b, r, kRank, k) * at(a, k, kIn, c);
        sum += value * value;
      }
      norms.push_back(std::sqrt(sum));
    }
  }
};

// y = W' x + b, and, with the norms held, dm = sum dy (W' x) / norm and dx = (m / norm dy) W'.
TEST(AdaptedWeight, MagnitudesAreAsThePaperHasThem) {
  Bench b(DType::kF64, kernels::reference_backend());
  Parameter *base = b.parameter(1, {kOut, kIn}), *bias = b.parameter(2, {kOut}, 0, Role::kVector);
  const LowRank part{.row_begin = 2,
                     .a = b.parameter(3, {kRank, kIn}),
                     .b = b.parameter(4, {4, kRank}),
                     .magnitude = b.parameter(5, {4}, 2, Role::kVector),
                     .scale = 0.75};
  const AdaptedWeight weight(std::make_shared<DenseWeight>(*base), {{part}});
  const Direct direct(base->compute, part);
  Var x = b.input(6, {kRows, kIn}), dy = b.input(7, {kRows, kOut});
  Tensor y = b.context.temporary(DType::kF64, {kRows, kOut}), dx = b.context.temporary(DType::kF64, {kRows, kIn});
  weight.product(b.context, x.value, y, bias);
  weight.product_transposed(b.context, dy.value, dx, false);
  weight.accumulate_gradient(b.context, dy.value, x.value);
  const auto xs = values_of(x.value), ys = values_of(y), dys = values_of(dy.value), dxs = values_of(dx);
  const auto m = values_of(part.magnitude->compute), shift = values_of(bias->compute),
             dm = values_of(part.magnitude->grad);
  std::vector<double> want_dm(4, 0.0), want_dx(static_cast<size_t>(kRows * kIn), 0.0);
  for (int64_t r = 0; r < kRows; ++r) {
    for (int64_t o = 0; o < kOut; ++o) {
      const bool inside = o >= 2 && o < 6;
      const auto j = static_cast<size_t>(o - 2);
      const double factor = inside ? m[j] / direct.norms[j] : 1;
      double sum = 0;
      for (int64_t c = 0; c < kIn; ++c) {
        sum += at(direct.rows, o, kIn, c) * at(xs, r, kIn, c);
        want_dx[static_cast<size_t>(r * kIn + c)] += factor * at(dys, r, kOut, o) * at(direct.rows, o, kIn, c);
      }
      EXPECT_NEAR(at(ys, r, kOut, o), factor * sum + shift[static_cast<size_t>(o)], 1e-9);
      if (inside) want_dm[j] += at(dys, r, kOut, o) * sum / direct.norms[j];
    }
  }
  for (size_t i = 0; i < want_dx.size(); ++i) EXPECT_NEAR(dxs[i], want_dx[i], 1e-9);
  for (size_t j = 0; j < want_dm.size(); ++j) EXPECT_NEAR(dm[j], want_dm[j], 1e-9);
}

// Rows of one product that go through three adapters or none.
class Mixed : public testing::Test {
 protected:
  Mixed() {
    b_.context.tape = nullptr;
    b_.context.row_invariant = true;
    for (uint64_t i = 0; i < 3; ++i) {
      LowRank part{.row_begin = static_cast<int64_t>(i),
                   .a = b_.parameter(10 + 3 * i, {kRank, kIn}),
                   .b = b_.parameter(11 + 3 * i, {4, kRank}),
                   .scale = 0.5};
      if (i == 1) part.magnitude = b_.parameter(12 + 3 * i, {4}, 2, Role::kVector);
      parts_.push_back({part});
    }
    for (Parameter* p : {parts_[1][0].a, parts_[1][0].b, parts_[1][0].magnitude}) p->trainable = false;
  }
  // What each row gives by itself, with its adapter named alone.
  void expect_rows_as_alone(const AdaptedWeight& weight, std::span<const int32_t> adapters) {
    Var x = b_.input(1, {kRows, kIn});
    b_.context.row_adapters = adapters;
    Tensor y = b_.context.temporary(b_.dtype, {kRows, kOut});
    weight.product(b_.context, x.value, y, bias_);
    for (int64_t r = 0; r < kRows; ++r) {
      b_.context.row_adapters = adapters.subspan(static_cast<size_t>(r), 1);
      Tensor one = b_.context.temporary(b_.dtype, {1, kOut});
      weight.product(b_.context, x.value.rows(r, 1), one, bias_);
      EXPECT_EQ(std::memcmp(one.data(), y.rows(r, 1).data(), one.bytes()), 0) << r;
    }
  }

  Bench b_{DType::kF32, kernels::cpu_backend()};
  Parameter* base_ = b_.parameter(2, {kOut, kIn});
  Parameter* bias_ = b_.parameter(3, {kOut}, 0, Role::kVector);
  std::vector<AdaptedWeight::Parts> parts_;
  std::vector<int32_t> adapters_ = {2, -1, 0, 1, 2, 0};
};

TEST_F(Mixed, ARowsBitsDependOnItsOwnAdapterAlone) {
  expect_rows_as_alone(AdaptedWeight(std::make_shared<DenseWeight>(*base_), parts_), adapters_);
}

TEST_F(Mixed, RowsWithoutAnAdapterAreTheBases) {
  const DenseWeight base(*base_);
  const AdaptedWeight weight(std::make_shared<DenseWeight>(*base_), parts_);
  Var x = b_.input(1, {kRows, kIn});
  Tensor want = b_.context.temporary(b_.dtype, {kRows, kOut}), got = b_.context.temporary(b_.dtype, {kRows, kOut});
  base.product(b_.context, x.value, want, bias_);
  for (int32_t none : {-1, 7}) {
    b_.context.row_adapters = {&none, 1};
    weight.product(b_.context, x.value, got, bias_);
    EXPECT_EQ(std::memcmp(want.data(), got.data(), want.bytes()), 0);
  }
  b_.context.row_adapters = {};  // the first adapter
  weight.product(b_.context, x.value, got, bias_);
  EXPECT_NE(std::memcmp(want.data(), got.data(), want.bytes()), 0);
}

TEST_F(Mixed, RowsOfATableAreThoseOfTheProduct) {
  const AdaptedWeight weight(std::make_shared<DenseWeight>(*base_), parts_);
  for (int32_t adapter : {0, 1, 2}) {
    b_.context.row_adapters = {&adapter, 1};
    const std::vector<double> rows = values_of(weight.rows(b_.context));
    Var x = b_.input(1, {1, kIn});
    Tensor y = b_.context.temporary(b_.dtype, {1, kOut});
    weight.product(b_.context, x.value, y, nullptr);
    const std::vector<double> xs = values_of(x.value), ys = values_of(y);
    for (int64_t o = 0; o < kOut; ++o) {
      double sum = 0;
      for (int64_t c = 0; c < kIn; ++c) sum += at(rows, o, kIn, c) * xs[static_cast<size_t>(c)];
      EXPECT_NEAR(ys[static_cast<size_t>(o)], sum, 1e-5);
    }
  }
}

}  // namespace
}  // namespace malmoi::autograd
