// Log-probabilities under the output projection, and the gradients of functions of them, against the whole logits by hand.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "autograd/head_by_hand.h"
#include "autograd/op_cases.h"

namespace malmoi::autograd {
namespace {

constexpr size_t kLogpRows = 7, kLogpVocab = 9, kLogpWidth = 4;
const std::vector<int32_t> kLogpTargets = {3, -1, 8, 0, -1, 3, 5};  // -1: not asked for

// A function in which all of them meet: the square of their weighted sum.
double weighted(const std::vector<double>& logps) {
  double sum = 0;
  for (size_t i = 0; i < logps.size(); ++i) sum += (static_cast<double>(i) - 1.5) * logps[i];
  return sum;
}

TEST(HeadLogps, ValuesAndGradientsAreThoseOfTheWholeLogits) {
  Bench b(DType::kF64, kernels::reference_backend());
  Var h = b.input(1, {kLogpRows, kLogpWidth});
  const DenseWeight& weight = b.weight(2, {kLogpVocab, kLogpWidth});
  Parameter *w = b.parameters[0].get(), *bias = b.parameter(3, {kLogpVocab});
  std::vector<double> hv = values_of(h.value), wv = values_of(w->compute), bv = values_of(bias->compute);
  auto loss = [](std::span<const float> logps, std::span<float> slopes) {
    const double sum = weighted({logps.begin(), logps.end()});
    for (size_t i = 0; i < slopes.size(); ++i) slopes[i] = static_cast<float>(2 * sum * (static_cast<double>(i) - 1.5));
  };
  const std::vector<float> logps = head_logps(b.context, h, weight, bias, {.targets = kLogpTargets, .loss = loss});
  const std::vector<double> expected = logps_by_hand(hv, wv, bv, kLogpTargets);
  ASSERT_EQ(logps.size(), expected.size());
  for (size_t i = 0; i < logps.size(); ++i) EXPECT_NEAR(logps[i], expected[i], 1e-6);
  std::vector<double> dh = values_of(b.tape.take_grad(h.id)), dw = values_of(w->grad), db = values_of(bias->grad);
  auto by_hand = [&] {
    const double sum = weighted(logps_by_hand(hv, wv, bv, kLogpTargets));
    return sum * sum;
  };
  auto numeric = [&](std::vector<double>& place, size_t i) { return slope_by_hand(place, i, by_hand); };
  for (size_t i = 0; i < dh.size(); ++i) EXPECT_NEAR(dh[i], numeric(hv, i), 1e-4) << "hidden " << i;
  for (size_t i = 0; i < dw.size(); ++i) EXPECT_NEAR(dw[i], numeric(wv, i), 1e-4) << "weight " << i;
  for (size_t i = 0; i < db.size(); ++i) EXPECT_NEAR(db[i], numeric(bv, i), 1e-4) << "bias " << i;
}

TEST(HeadLogps, AreTheSameInChunks) {
  // A vocabulary so large that a chunk holds 96 rows alone.
  constexpr int64_t kMany = 150, kLarge = 150'000;
  std::vector<int32_t> targets;
  for (int32_t r = 0; r < kMany; ++r) targets.push_back(r % 7 == 0 ? -1 : r * 31);
  auto slopes_of = [](std::span<const float> logps, std::span<float> slopes) {
    for (size_t i = 0; i < slopes.size(); ++i) slopes[i] = 0.01f * logps[i];
  };
  Bench b(DType::kF32, kernels::cpu_backend(), std::move(*Arena::create(400 << 20)));
  Var h = b.input(1, {kMany, 4});
  const DenseWeight& weight = b.weight(2, {kLarge, 4});
  const std::vector<float> whole = head_logps(b.context, h, weight, nullptr, {.targets = targets, .loss = slopes_of});
  const Tensor dh = b.tape.take_grad(h.id);
  for (int64_t r = 0, counted = 0; r < kMany; ++r) {
    const float* row = dh.as<float>() + r * 4;
    const bool zero = std::all_of(row, row + 4, [](float x) { return x == 0; });
    EXPECT_EQ(zero, r % 7 == 0) << "row " << r;
    if (r % 7 == 0) continue;
    Var one{h.value.rows(r, 1), -1};
    b.context.tape = nullptr;
    const std::vector<float> alone =
        head_logps(b.context, one, weight, nullptr,
                   {.targets = std::span<const int32_t>(targets).subspan(static_cast<size_t>(r), 1)});
    b.context.tape = &b.tape;
    EXPECT_NEAR(alone[0], whole[static_cast<size_t>(counted++)], 1e-4);
  }
}

TEST(HeadLogps, ARehearsalTakesNoLessThanFewerRowsInOneChunk) {
  constexpr int64_t kRows = 97, kLarge = 150'000;  // 97 rows make two chunks, 96 of them one
  constexpr size_t kPlaces = 4096;                 // what small tensors may lie apart
  auto peak = [](Arena memory) {
    std::vector<int32_t> targets(kRows, 3);
    targets[0] = -1;
    Bench b(DType::kF32, kernels::cpu_backend(), std::move(memory));
    Var h = b.input(1, {kRows, 4});
    auto nothing = [](std::span<const float>, std::span<float>) {};
    head_logps(b.context, h, b.weight(2, {kLarge, 4}), nullptr, {.targets = targets, .loss = nothing});
    b.tape.take_grad(h.id);
    return b.arena.peak();
  };
  const size_t planned = peak(Arena::rehearsal()), taken = peak(std::move(*Arena::create(400 << 20)));
  EXPECT_LE(taken, planned + kPlaces);
  EXPECT_GT(taken, size_t{96} * kLarge * sizeof(float)) << "all of them at once";
}

}  // namespace
}  // namespace malmoi::autograd
