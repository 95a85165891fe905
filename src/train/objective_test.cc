// Walks the table of objectives; what frozen weights are spared; rows of arrays as examples.
#include "train/objective.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "formats/npy.h"
#include "formats/safetensors.h"
#include "train/freeze.h"
#include "train/loop.h"
#include "train/rehearsal.h"
#include "train/tiny_models.h"

namespace malmoi::train {
namespace {

using testing::HasSubstr;

TEST(Objectives, ALossIsTheSameInPartsAndFalls) {
  for_each_objective([](const ObjectiveEntry& entry, const model::Family& family) {
    constexpr int64_t kRows = 4, kLength = 8;
    const ObjectiveConfig options{.rollouts = {.group = 2}};
    Trained whole(entry, family.model_type, {}, options), parts(entry, family.model_type, {}, options);
    // What is compared with each other stays together.
    const int64_t asked = entry.rows_together ? entry.rows_together(options) : 1, together = asked == 0 ? kRows : asked;
    const Examples all = random_examples(entry, *whole.model, kRows, kLength);
    auto fill = [&](int64_t, Examples& out) { out = all; };
    auto fill_part = [&](int64_t i, Examples& out) {
      for (int64_t r = i * together; r < (i + 1) * together; ++r)
        append_random_row(entry, *parts.model, static_cast<uint64_t>(r), kLength, out);
    };
    const Counts counts = whole.objective->count(all);
    const double before = whole.stepper->evaluate(all, counts).loss;
    LossSums divided;
    for (int64_t i = 0; i < kRows / together; ++i) {
      Examples one;
      fill_part(i, one);
      divided += whole.stepper->evaluate(one, counts);
    }
    EXPECT_NEAR(divided.loss, before, 1e-5);
    StepResult first = whole.stepper->step(1, fill, 0, 1, 1e-2);
    EXPECT_FALSE(first.skipped);
    EXPECT_GT(first.grad_norm, 0);
    EXPECT_EQ(parts.stepper->step(kRows / together, fill_part, 0, 1, 1e-2).counts.terms, first.counts.terms);
    for (int64_t s = 2; s < 12; ++s) whole.stepper->step(1, fill, static_cast<uint64_t>(s), s, 1e-2);
    EXPECT_LT(whole.stepper->evaluate(all, counts).loss, before);
  });
}

TEST(Objectives, ARehearsalTakesTheMemoryOfAStepOfFullRows) {
  for_each_objective([](const ObjectiveEntry& entry, const model::Family& family) {
    Trained t(entry, family.model_type);
    MemoryPlan plan = plan_memory(
        {.model = *t.model, .objective = *t.objective, .optimizer = t.config, .batch_size = 3, .sequence_length = 8});
    t.stepper->step(
        1, [&](int64_t, Examples& out) { t.objective->append_rehearsal(3, 8, out); }, 0, 1, 1e-3);
    // Where the head is the largest moment, the plan has room for rows that it might gather.
    const auto peak = static_cast<double>(t.stepper->arena().peak()), planned = static_cast<double>(plan.activations);
    EXPECT_LE(peak, planned);
    EXPECT_GE(peak, 0.97 * planned);
    EXPECT_GT(training_flops_per_token(*t.model, *t.objective, 8), 0);
  });
}

TEST(Objectives, AccuracyIsTheShareOfRowsThatAreRight) {
  const ObjectiveEntry& entry = objective_entry("classification");
  Trained t(entry, "bert");
  Examples all = random_examples(entry, *t.model, 6, 8);
  auto fill = [&](int64_t, Examples& out) { out = all; };
  StepResult r;
  for (int64_t s = 1; s < 60; ++s) r = t.stepper->step(1, fill, static_cast<uint64_t>(s), s, 1e-2);
  ASSERT_EQ(r.figures.size(), 1u);
  EXPECT_EQ(r.figures[0].name, "accuracy");
  EXPECT_NEAR(t.stepper->evaluate(all, t.objective->count(all)).figures[0].value, 1.0, 1e-12) << "six rows are learned";
}

TEST(Objectives, AnAnswersLossIsTheMeanOfThatOfItsBeginningAndItsEnd) {
  const ObjectiveEntry& entry = objective_entry("question_answering");
  Trained t(entry, "bert");
  Examples all = random_examples(entry, *t.model, 4, 8);
  LossSums sums = t.stepper->evaluate(all, t.objective->count(all));
  ASSERT_EQ(sums.figures.size(), 2u);
  EXPECT_EQ(sums.figures[0].name, "start_loss");
  EXPECT_EQ(sums.figures[1].name, "end_loss");
  EXPECT_NEAR(sums.loss, (sums.figures[0].value + sums.figures[1].value) / 2, 1e-12);
  EXPECT_NEAR(sums.loss, std::log(8.0), 0.3) << "a new head knows nothing of eight positions, padding among them";
}

TEST(Objectives, WhatOnlyHelpsToLearnIsNoPartOfWhatIsMeasured) {
  const ObjectiveEntry& entry = objective_entry("causal_lm");
  Trained plain(entry, "llama"), helped(entry, "llama", {}, {.label_smoothing = 0.3, .z_loss = 0.1});
  const Examples all = random_examples(entry, *plain.model, 4, 8);
  const Counts counts = plain.objective->count(all);
  EXPECT_EQ(helped.stepper->evaluate(all, counts).loss, plain.stepper->evaluate(all, counts).loss);
  auto fill = [&](int64_t, Examples& out) { out = all; };
  EXPECT_GT(helped.stepper->step(1, fill, 0, 1, 1e-3).loss, plain.stepper->step(1, fill, 0, 1, 1e-3).loss + 0.1);
}

TEST(Frozen, WeightsDoNotMoveCostNoGradientAndAreNotInCheckpoints) {
  const ObjectiveEntry& entry = objective_entry("causal_lm");
  const std::vector<std::string> freeze = {"model.embed_tokens.*", "model.layers.0.*"};
  Trained free(entry, "llama"), t(entry, "llama", freeze);
  EXPECT_TRUE(check_freeze(freeze, t.model->parameters, "train.freeze").ok());
  std::map<std::string, std::vector<float>> before;
  auto values = [](const Parameter& p) {
    return std::vector<float>(p.compute.as<float>(), p.compute.as<float>() + p.compute.elements());
  };
  for (const auto& e : t.model->parameters.entries()) before[e->spec.name] = values(e->parameter);

  TrainConfig config;
  config.out = (Path(testing::TempDir()) / "frozen_run").string();
  config.batch_size = 2;
  std::filesystem::remove_all(config.out);
  ASSERT_TRUE(make_folder(config.out).ok());
  FourRows source(entry, *t.model);
  auto done = run_loop(
      {.config = &config, .stepper = t.stepper.get(), .optimizer = t.optimizer.get(), .train = &source, .steps = 3},
      {});
  ASSERT_TRUE(done.ok()) << done.error().to_string();
  auto checkpoint = formats::Safetensors::open(Path(config.out) / "checkpoints/step-00000003/tensors.safetensors");
  ASSERT_TRUE(checkpoint.ok());
  size_t frozen = 0;
  for (const auto& e : t.model->parameters.entries()) {
    const Parameter& p = e->parameter;
    EXPECT_EQ(before[e->spec.name] == values(p), !p.trainable) << e->spec.name;
    EXPECT_EQ(checkpoint->find(e->spec.name) != nullptr, p.trainable) << e->spec.name;
    if (p.trainable) continue;
    ++frozen;
    EXPECT_FALSE(p.master || p.grad) << e->spec.name << " takes memory of trained weights";
    EXPECT_EQ(checkpoint->find(e->spec.name + "/m"), nullptr);
  }
  EXPECT_GE(frozen, 6u);
  // A product with a frozen matrix has no third product, that of its gradient: two FLOPs an element are spared.
  double products = 0;
  for (const auto& e : t.model->parameters.entries())
    if (!e->parameter.trainable && autograd::is_product(e->spec.role))
      products += static_cast<double>(e->spec.shape.elements());
  double spared =
      training_flops_per_token(*free.model, *free.objective, 8) - training_flops_per_token(*t.model, *t.objective, 8);
  EXPECT_GE(spared, 2 * products);
}

TEST(Frozen, PatternsThatDoNotFitAreNamed) {
  auto model = tiny_model("llama", model::Task::kCausalLm);
  auto told = [&](const std::string& pattern) {
    Status checked = check_freeze({pattern}, model->parameters, "train.freeze");
    return checked.ok() ? "accepted" : checked.error().to_string();
  };
  EXPECT_EQ(told("model.layers.*"), "accepted");
  EXPECT_THAT(told("encoder.*"), HasSubstr("fits no weight"));
  EXPECT_THAT(told("*.q_proj.weight"), HasSubstr("one matrix"));
  EXPECT_THAT(told("*"), HasSubstr("nothing is left"));
}

}  // namespace
}  // namespace malmoi::train
