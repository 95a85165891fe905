// Distillation: its losses by name, what it is trained on, and which options go together.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "train/chat_encoder.h"
#include "train/config.h"
#include "train/tiny_models.h"

namespace malmoi::train {
namespace {

using testing::HasSubstr;

const ObjectiveEntry& distillation() { return objective_entry("distillation"); }

// The loss and its divergence, by name, of one step over random rows; `teacher`: null: the student itself.
LossSums distilled(double mixture, double alpha, bool by_itself) {
  const ObjectiveConfig options{.distillation = {.alpha = alpha, .temperature = 1.5, .mixture = mixture}};
  Trained t(distillation(), "llama", {}, options);
  const auto objective = distillation().make(options, {.model = by_itself ? nullptr : t.frozen.get()});
  Stepper stepper = std::move(*Stepper::create(*t.model, *objective, *t.optimizer, {.arena_bytes = 64 << 20}));
  const Examples rows = random_examples(distillation(), *t.model, 4, 8);
  return stepper.evaluate(rows, objective->count(rows));
}

double figure(const LossSums& sums, std::string_view name) {
  auto found = std::ranges::find(sums.figures, name, &Figure::name);
  return found == sums.figures.end() ? NAN : found->value;
}

TEST(DistillationLosses, AreToldByTheirNames) {
  for (const auto& [mixture, name] : {std::pair{0.0, "kl"}, {1.0, "reverse_kl"}, {0.3, "jsd"}}) {
    const LossSums sums = distilled(mixture, 0.25, false);
    const double apart = figure(sums, name);
    EXPECT_GT(apart, 1e-5) << name;
    EXPECT_NEAR(sums.loss, 0.25 * figure(sums, "ce") + 0.75 * 1.5 * 1.5 * apart, 1e-6) << name;
    EXPECT_NEAR(figure(distilled(mixture, 0.25, true), name), 0, 1e-6) << "of a model from itself";
  }
  EXPECT_LT(figure(distilled(0.5, 0, false), "jsd"), std::log(2.0));
}

// A model that learns nothing else comes to say what its teacher says.
TEST(DistillationLosses, BringTheStudentToTheTeacher) {
  for (double mixture : {0.0, 0.5, 1.0}) {
    const ObjectiveConfig options{.distillation = {.alpha = 0, .temperature = 1, .mixture = mixture}};
    Trained t(distillation(), "llama", {}, options);
    for (auto& entry : t.frozen->parameters.entries()) {  // a teacher that is sure of something
      const bool makes_logits = entry->spec.role == nn::Role::kEmbedding || entry->spec.role == nn::Role::kHead;
      for (int64_t i = 0; makes_logits && i < entry->parameter.master.elements(); ++i)
        entry->parameter.master.as<float>()[i] *= 20;
    }
    auto fill = [&](int64_t, Examples& out) {
      for (uint64_t row = 0; row < 4; ++row) append_random_row(distillation(), *t.model, row, 8, out);
    };
    const double before = t.stepper->step(1, fill, 0, 1, 2e-2).loss;
    double after = before;
    for (int64_t update = 2; update <= 80; ++update) after = t.stepper->step(1, fill, 0, update, 2e-2).loss;
    EXPECT_LT(after, before / 2) << mixture;
  }
}

Result<TrainConfig> read(const std::string& objective, const std::string& data) {
  auto document =
      parse_config("objective: {name: distillation, teacher: t" + objective +
                       "}\nmodel: {init_from: base}\ntrain: {steps: 1}\nout: y\ndata: {train: [x], " + data + "}\n",
                   "c.yaml");
  if (!document.ok()) return document.error();
  return parse_train_config(*document);
}

std::string wrong(const std::string& objective, const std::string& data) {
  auto config = read(objective, data);
  return config.ok() ? "accepted" : config.error().to_string();
}

TEST(DistillationConfig, LossesAndFormats) {
  EXPECT_EQ(read("", "format: ids")->objective.distillation.mixture, 0);
  EXPECT_EQ(read(", loss: reverse_kl", "format: ids")->objective.distillation.mixture, 1);
  EXPECT_EQ(read(", loss: jsd", "format: ids")->objective.distillation.mixture, 0.5);
  EXPECT_EQ(read(", loss: jsd, mixture: 0.1", "format: ids")->objective.distillation.mixture, 0.1);
  for (const char* format : {"text", "ids", "arrays", "chat", "prompts"})
    EXPECT_EQ(wrong("", std::string("format: ") + format), "accepted") << format;
  EXPECT_EQ(chat_use(distillation().arrays), ChatUse::kConversations);
  EXPECT_THAT(wrong(", mixture: 0.1", "format: ids"), HasSubstr("belongs to loss: jsd"));
  EXPECT_THAT(wrong(", loss: jsd, mixture: 1", "format: ids"), HasSubstr("objective.mixture"));
}

TEST(DistillationConfig, AnswersOfTheStudentAreNotItsTargets) {
  auto config = read(", max_tokens: 9, sampling_temperature: 0.9", "format: prompts");
  ASSERT_TRUE(config.ok()) << config.error().to_string();
  EXPECT_EQ(config->objective.distillation.alpha, 0);
  EXPECT_EQ(config->objective.rollouts.group, 1);
  EXPECT_EQ(config->objective.rollouts.max_tokens, 9);
  EXPECT_EQ(config->objective.rollouts.temperature, 0.9);
  EXPECT_EQ(config->objective.distillation.temperature, 2);
  EXPECT_THAT(wrong(", alpha: 0.5", "format: prompts"), HasSubstr("learn its own answers"));
  EXPECT_EQ(wrong(", alpha: 0", "format: prompts"), "accepted");
  EXPECT_THAT(wrong(", max_tokens: 9", "format: chat"), HasSubstr("belongs to data.format: prompts"));
  EXPECT_THAT(wrong("", "format: prompts, valid: [v]"), HasSubstr("nothing says what their answers are worth"));
  EXPECT_EQ(wrong(", rewards: [{type: length}]", "format: prompts, valid: [v]"), "accepted");
}

TEST(DistillationConfig, ATeacherThatIsAskedBeforeIsAskedOfRowsThatStay) {
  EXPECT_EQ(read(", samples: 50", "format: text")->objective.distillation.samples, 50);
  EXPECT_EQ(read("", "format: text")->objective.distillation.samples, 0);
  for (const char* format : {"text", "ids", "arrays", "chat"})
    EXPECT_EQ(wrong(", samples: 50", std::string("format: ") + format), "accepted") << format;
  EXPECT_THAT(wrong(", samples: 50, loss: jsd", "format: text"), HasSubstr("belongs to loss: forward_kl"));
  EXPECT_THAT(wrong(", samples: 50", "format: prompts"), HasSubstr("made in training"));
  EXPECT_THAT(wrong(", samples: 50", "format: ids, order: streams"), HasSubstr("data.order"));
  EXPECT_THAT(wrong(", samples: 50", "format: ids, replay: {train: [r]}"), HasSubstr("data.replay"));
  EXPECT_THAT(wrong(", samples: 2000", "format: text"), HasSubstr("objective.samples"));
}

}  // namespace
}  // namespace malmoi::train
