// Quantisation-aware training: gradients pass straight through the rounding, and what is trained bears it better.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "train/loop.h"
#include "train/tiny_models.h"

namespace malmoi::train {
namespace {

const ObjectiveEntry& causal() { return objective_entry("causal_lm"); }

// To five levels about zero, of each row.
void to_few_levels(int64_t, std::span<const float> values, std::span<float> rounded) {
  float largest = 0;
  for (float x : values) largest = std::max(largest, std::abs(x));
  const float step = largest > 0 ? largest / 2 : 1;
  for (size_t i = 0; i < values.size(); ++i) rounded[i] = step * std::round(values[i] / step);
}

void round_matrices(model::Model& model) {
  for (auto& entry : model.parameters.entries()) {
    if (!entry->slots.empty()) entry->round = to_few_levels;
  }
}

double step(Trained& trained, int64_t update, double lr) {
  auto fill = [&](int64_t, Examples& out) {
    for (uint64_t row = 0; row < 4; ++row) append_random_row(causal(), *trained.model, row, 8, out);
  };
  return trained.stepper->step(1, fill, 0, update, lr).loss;
}

TEST(Rounding, GradientsAreThoseOfTheRoundedWeights) {
  Trained through(causal(), "llama"), at(causal(), "llama");
  round_matrices(*through.model);
  through.model->parameters.begin_rounding();
  for (auto& entry : at.model->parameters.entries()) {
    if (entry->slots.empty()) continue;
    const auto columns = static_cast<size_t>(entry->spec.shape.columns());
    float* values = entry->parameter.master.as<float>();
    for (int64_t r = 0; r < entry->spec.shape.rows(); ++r) {
      const std::span<float> row(values + static_cast<size_t>(r) * columns, columns);
      const std::vector<float> before(row.begin(), row.end());
      to_few_levels(r, before, row);
    }
  }
  constexpr double kNoRate = 0;
  EXPECT_EQ(step(through, 1, kNoRate), step(at, 1, kNoRate));
  for (size_t i = 0; i < at.model->parameters.entries().size(); ++i) {
    const Parameter &a = through.model->parameters.entries()[i]->parameter,
                    &b = at.model->parameters.entries()[i]->parameter;
    ASSERT_TRUE(a.grad_ready && b.grad_ready) << a.name;
    for (int64_t j = 0; j < a.grad.elements(); ++j) ASSERT_EQ(a.grad.as<float>()[j], b.grad.as<float>()[j]) << a.name;
  }
}

// The loss of a model that learned with the rounding or without, once its weights are rounded.
double rounded_loss_after(bool aware) {
  Trained trained(causal(), "llama");
  round_matrices(*trained.model);
  if (aware) trained.model->parameters.begin_rounding();
  for (int64_t update = 1; update <= 80; ++update) step(trained, update, 1e-2);
  if (!aware) trained.model->parameters.begin_rounding();
  constexpr double kNoRate = 0;
  return step(trained, 81, kNoRate);
}

TEST(Rounding, WhatWasTrainedWithItLosesLess) {
  const double aware = rounded_loss_after(true);
  EXPECT_LT(aware, rounded_loss_after(false));
  EXPECT_EQ(aware, rounded_loss_after(true)) << "the same run, the same bits";
}

class RoundedRun : public testing::Test {
 protected:
  void SetUp() override {
    config_.out = (Path(testing::TempDir()) / "rounding_test").string();
    config_.batch_size = 2;
    config_.eval_every = 1;
    config_.schedule.name = "constant";
    std::filesystem::remove_all(config_.out);
    ASSERT_TRUE(make_folder(config_.out).ok());
  }
  LoopResult run(int64_t steps, bool resume = false) {
    losses_.clear();
    EXPECT_TRUE(make_folder(config_.out).ok());
    Trained trained(causal(), "llama");
    round_matrices(*trained.model);
    FourRows rows(causal(), *trained.model);
    LoopEvents events;
    events.on_step = [this](const StepMetrics& m) { losses_.push_back(m.loss); };
    auto result = run_loop({.config = &config_,
                            .stepper = trained.stepper.get(),
                            .optimizer = trained.optimizer.get(),
                            .train = &rows,
                            .valid = &rows,
                            .steps = steps,
                            .resume = resume},
                           events);
    EXPECT_TRUE(result.ok()) << result.error().to_string();
    return result.ok() ? *result : LoopResult();
  }
  TrainConfig config_;
  std::vector<double> losses_;
};

TEST_F(RoundedRun, BeginsWithItsStepAndGoesOnWithIt) {
  run(6);
  const std::vector<double> plain = losses_;
  std::filesystem::remove_all(config_.out);
  config_.quantize_aware = RoundingOptions{.type = "q8_0", .skip = {}, .from_step = 3};
  const LoopResult whole = run(6);
  const std::vector<double> rounded = losses_;
  ASSERT_EQ(rounded.size(), 6u);
  for (size_t s = 0; s < 6; ++s) EXPECT_EQ(rounded[s] == plain[s], s < 3) << s;
  EXPECT_GT(whole.best_step, 3) << "an evaluation before it is of other weights";
  std::filesystem::remove_all(config_.out);
  run(4);
  run(6, true);
  EXPECT_EQ(losses_, std::vector<double>(rounded.begin() + 4, rounded.end()));
}

}  // namespace
}  // namespace malmoi::train
