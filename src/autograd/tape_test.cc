// What the tape keeps where weights are frozen.
#include <gtest/gtest.h>

#include "autograd/block.h"
#include "autograd/op_cases.h"

namespace malmoi::autograd {
namespace {

// Two layers over a table, of which what is named is frozen.
class Frozen : public testing::Test {
 protected:
  Frozen() {
    for (Parameter* p : {table_, below_, norm_, above_}) p->trainable = false;
  }
  // The numbers of the tape that the activations have: words, the lower layer's, the normed ones', the upper layer's.
  std::vector<int32_t> run() {
    Var x = embedding(b_.context, {{.table = &words_, .ids = ids_}}, {.rows = 3});
    Var lower = linear(b_.context, x, lower_, nullptr);
    Normed normed = residual_norm(b_.context, lower, Var(), norm_, nullptr, {});
    Var upper = linear(b_.context, normed.normed, upper_, nullptr);
    std::vector<int32_t> numbers{x.id, lower.id, normed.normed.id, upper.id};
    if (upper.on_tape()) {
      Tensor dy = b_.context.temporary(DType::kF32, upper.value.shape());
      for (int64_t i = 0; i < dy.elements(); ++i) dy.as<float>()[i] = 1;
      b_.tape.give_grad(b_.context, upper.id, std::move(dy));
      b_.tape.backward(b_.context);
    }
    return numbers;
  }

  Bench b_{DType::kF32, kernels::cpu_backend()};
  Parameter* table_ = b_.parameter(1, {4, 8}, 0, Role::kEmbedding);
  Parameter* below_ = b_.parameter(2, {8, 8});
  Parameter* norm_ = b_.parameter(3, {8}, 1, Role::kVector);
  Parameter* above_ = b_.parameter(4, {8, 8});
  DenseWeight words_{*table_}, lower_{*below_}, upper_{*above_};
  const int32_t ids_[3] = {0, 2, 1};
};

TEST_F(Frozen, NothingIsKeptWhereNothingIsTrained) {
  EXPECT_EQ(run(), (std::vector<int32_t>{-1, -1, -1, -1}));
  EXPECT_EQ(b_.tape.size(), 0u);
  EXPECT_EQ(b_.arena.in_use(), 0u);
}

TEST_F(Frozen, TheTapeBeginsAtTheLowestWeightThatIsTrained) {
  above_->trainable = true;
  const std::vector<int32_t> numbers = run();
  EXPECT_EQ((std::vector<int32_t>{numbers.begin(), numbers.end() - 1}), (std::vector<int32_t>{-1, -1, -1}));
  EXPECT_GE(numbers.back(), 0);
  EXPECT_TRUE(above_->grad_ready);
  for (const Parameter* p : {table_, below_, norm_}) EXPECT_FALSE(p->grad_ready);
}

TEST_F(Frozen, GradientsPassThroughFrozenWeights) {
  below_->trainable = true;
  const std::vector<int32_t> numbers = run();
  EXPECT_EQ(numbers[0], -1);
  for (size_t i = 1; i < numbers.size(); ++i) EXPECT_GE(numbers[i], 0);
  EXPECT_TRUE(below_->grad_ready);
  EXPECT_FALSE(above_->grad_ready);
  double size = 0;
  for (double g : values_of(below_->grad)) size += g * g;
  EXPECT_GT(size, 0);
}

}  // namespace
}  // namespace malmoi::autograd
