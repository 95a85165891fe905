// The loss of the output projection against the whole logits by hand, in f64.
#include <gtest/gtest.h>

#include <vector>

#include "autograd/head_by_hand.h"
#include "autograd/op_cases.h"

namespace malmoi::autograd {
namespace {

TEST(HeadLoss, LossAndGradientsAreThoseOfTheWholeLogits) {
  constexpr size_t kRows = 7, kVocab = 9, kWidth = 4;
  const std::vector<int32_t> targets = {3, -1, 8, 0, -1, 3, 5};  // -1: masked
  Bench b(DType::kF64, kernels::reference_backend());
  Var h = b.input(1, {kRows, kWidth});
  const DenseWeight& weight = b.weight(2, {kVocab, kWidth});
  Parameter *w = b.parameters[0].get(), *bias = b.parameter(3, {kVocab});
  std::vector<double> hv = values_of(h.value), wv = values_of(w->compute), bv = values_of(bias->compute);
  HeadLoss loss = head_loss(b.context, h, weight, bias, {.targets = targets, .scale = 0.2});
  EXPECT_EQ(loss.counted, 5);
  auto by_hand = [&] {
    double sum = 0;
    for (double logp : logps_by_hand(hv, wv, bv, targets)) sum -= logp;
    return sum;
  };
  EXPECT_NEAR(loss.sum, by_hand(), 1e-5);
  std::vector<double> dh = values_of(b.tape.take_grad(h.id)), dw = values_of(w->grad), db = values_of(bias->grad);
  auto numeric = [&](std::vector<double>& place, size_t i) { return 0.2 * slope_by_hand(place, i, by_hand); };
  for (size_t i = 0; i < dh.size(); ++i) EXPECT_NEAR(dh[i], numeric(hv, i), 1e-6) << "hidden " << i;
  for (size_t i = 0; i < dw.size(); ++i) EXPECT_NEAR(dw[i], numeric(wv, i), 1e-6) << "weight " << i;
  for (size_t i = 0; i < db.size(); ++i) EXPECT_NEAR(db[i], numeric(bv, i), 1e-6) << "bias " << i;
}

TEST(HeadLoss, CountsRowsWhoseLargestLogitIsTheTarget) {
  Bench b(DType::kF32, kernels::cpu_backend());
  b.context.tape = nullptr;
  const DenseWeight& weight = b.weight(2, {3, 3});
  for (int i = 0; i < 9; ++i) b.parameters[0]->compute.as<float>()[i] = i % 4 == 0;  // logits are the hidden values
  Tensor h = b.context.temporary(DType::kF32, {3, 3});
  const float values[] = {1, 2, 3, 5, 4, 3, 0, 9, 1};
  std::copy(values, values + 9, h.as<float>());
  HeadLoss loss =
      head_loss(b.context, {h, -1}, weight, nullptr, {.targets = std::vector<int32_t>{2, 1, 1}, .count_correct = true});
  EXPECT_EQ(loss.correct, 2);
  EXPECT_EQ(head_loss(b.context, {h, -1}, weight, nullptr, {.targets = std::vector<int32_t>{2, 1, 1}}).correct, 0);
}

}  // namespace
}  // namespace malmoi::autograd
