// Weights with a matrix in their place for each adapter.
#include "autograd/replaced_weight.h"

#include <gtest/gtest.h>

#include "autograd/adapted_weight.h"
#include "autograd/op_cases.h"

namespace malmoi::autograd {
namespace {

TEST(ReplacedWeight, TheAdapterOfTheRowsSaysWhichMatrixIsRead) {
  Bench b(DType::kF64, kernels::reference_backend());
  Parameter *base = b.parameter(1, {4, 3}), *own = b.parameter(2, {4, 3});
  const ReplacedWeight weight(std::make_shared<DenseWeight>(*base), {own, nullptr});
  const Var x = b.input(3, {2, 3});
  const auto product_of = [&](const Weight& of, const std::vector<int32_t>& adapters) {
    b.context.row_adapters = adapters;
    Tensor y = b.context.temporary(DType::kF64, {2, 4});
    of.product(b.context, x.value, y, nullptr);
    b.context.row_adapters = {};
    return values_of(y);
  };
  const auto ours = product_of(DenseWeight(*own), {}), plain = product_of(DenseWeight(*base), {});
  ASSERT_NE(ours, plain);
  EXPECT_EQ(product_of(weight, {}), ours);
  EXPECT_EQ(product_of(weight, {0, 0}), ours);
  EXPECT_EQ(product_of(weight, {1}), plain) << "that adapter leaves it alone";
  EXPECT_EQ(product_of(weight, {-1}), plain);
  EXPECT_EQ(&without_adapters(weight), &weight.base());
}

TEST(ReplacedWeight, GradientsGoToTheMatrixThatWasRead) {
  Bench b(DType::kF64, kernels::reference_backend());
  Parameter *base = b.parameter(1, {4, 3}), *own = b.parameter(2, {4, 3});
  base->trainable = false;
  const ReplacedWeight weight(std::make_shared<DenseWeight>(*base), {own});
  const Var x = b.input(3, {2, 3}), dy = b.input(4, {2, 4}), rows = b.input(5, {1, 3});
  own->grad_ready = base->grad_ready = false;
  weight.accumulate_gradient(b.context, dy.value, x.value);
  EXPECT_TRUE(own->grad_ready);
  EXPECT_FALSE(base->grad_ready);
  const auto of_product = values_of(own->grad);
  const int32_t ids[] = {2};
  weight.accumulate_rows(b.context, {.ids = ids, .rows = 1}, rows.value, 1, {});
  const auto both = values_of(own->grad), added = values_of(rows.value);
  for (size_t i = 0; i < both.size(); ++i)
    EXPECT_DOUBLE_EQ(both[i], of_product[i] + (i / 3 == 2 ? added[i % 3] : 0)) << i;
}

}  // namespace
}  // namespace malmoi::autograd
