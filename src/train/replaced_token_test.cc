// Tests of ELECTRA's two models in one step: their losses and gradients, what the generator draws, and what both take.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "model/companion.h"
#include "train/objectives/replaced_token.h"
#include "train/rehearsal.h"
#include "train/test_words.h"
#include "train/tiny_models.h"

namespace malmoi::train {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr double kWeight = 50;
constexpr int32_t kDrawn = 7, kMasked = 4, kNone = -100;
constexpr const char* kWords = "electra.embeddings.word_embeddings.weight";
const Json kNoDropout = {{"hidden_dropout_prob", 0}, {"attention_probs_dropout_prob", 0}};

// A discriminator and its generator, which draws one token whatever it reads.
class TwoModels : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(model::add_companion(*model_, 0.5).ok());
    model_->parameters.allocate(nn::Purpose::kTraining, DType::kF32);
    model_->parameters.initialize(5);
    model::fill_companion(*model_, nn::Purpose::kTraining, 6);
    model_->companion->head->bias->master.as<float>()[kDrawn] = 40;
    masked_.input.add(std::vector<int32_t>{2, 5, kMasked, 6, kMasked, 3});
    masked_.targets = {kNone, kNone, 9, kNone, kDrawn, kNone};
    masked_.draws.assign(6, 0.5);
  }

  using Gradients = std::map<std::string, std::vector<float>>;
  // A step that leaves the weights as they are: what it tells, and the gradients that it made.
  std::pair<StepResult, Gradients> step(const char* objective, model::Model& model, const Examples& examples) {
    for (Entry* entry : trainable_entries(*model_)) entry->parameter.grad_ready = false;
    const auto made = make_objective({.name = objective, .discriminator_weight = kWeight});
    const auto optimizer = make_optimizer(OptimizerConfig(), model);
    Stepper stepper = *Stepper::create(model, *made, *optimizer, {.arena_bytes = 64 << 20});
    StepResult result = stepper.step(
        1, [&](int64_t, Examples& out) { out = examples; }, 0, 1, 0);
    Gradients gradients;
    for (Entry* entry : trainable_entries(*model_)) {
      const Parameter& p = entry->parameter;
      if (p.grad_ready) gradients[p.name] = {p.grad.as<float>(), p.grad.as<float>() + p.grad.elements()};
    }
    return {result, gradients};
  }

  std::unique_ptr<model::Model> model_ = tiny_model("electra", model::Task::kDiscrimination, kNoDropout);
  Examples masked_;
};

double figure(const StepResult& result, std::string_view name) {
  for (const Figure& f : result.figures) {
    if (f.name == name) return f.value;
  }
  ADD_FAILURE() << name << " is not told";
  return 0;
}

TEST_F(TwoModels, AStepIsThatOfAMaskedModelAndFiftyTimesThatOfADiscriminator) {
  const auto [both, of_both] = step("replaced_token", *model_, masked_);
  const auto [filled, of_filled] = step("masked_lm", *model_->companion, masked_);
  // The second place was guessed right: it counts as what stood there.
  Examples replaced;
  replaced.input.add(std::vector<int32_t>{2, 5, kDrawn, 6, kDrawn, 3});
  replaced.targets = {0, 0, 1, 0, 0, 0};
  const std::unique_ptr<model::Model> generator = std::move(model_->companion);
  const auto [judged, of_judged] = step("replaced_token", *model_, replaced);
  EXPECT_NEAR(both.loss, filled.loss + kWeight * judged.loss, 1e-5 * both.loss);
  EXPECT_NEAR(figure(both, "generator_loss"), filled.loss, 1e-9);
  EXPECT_NEAR(figure(both, "discriminator_loss"), judged.loss, 1e-9);
  EXPECT_EQ(figure(both, "accuracy"), figure(judged, "accuracy"));
  EXPECT_EQ(both.counts.terms, 6) << "every token is judged";
  EXPECT_EQ(both.counts.filled, 2);

  const auto value = [](const Gradients& of, const std::string& name, size_t i) {
    auto found = of.find(name);
    return found == of.end() ? 0.0 : static_cast<double>(found->second[i]);
  };
  EXPECT_TRUE(of_filled.contains(kWords) && of_judged.contains(kWords)) << "both learn the words";
  EXPECT_FALSE(of_both.contains(std::string("generator/") + kWords)) << "of which there is one table";
  EXPECT_TRUE(of_both.contains("generator/electra.embeddings_project.weight")) << "narrower than the embeddings";
  for (const auto& [name, gradient] : of_both) {
    double largest = 0, off = 0;
    for (size_t i = 0; i < gradient.size(); ++i) {
      const double wanted = value(of_filled, name, i) + kWeight * value(of_judged, name, i);
      largest = std::max(largest, std::abs(wanted));
      off = std::max(off, std::abs(wanted - static_cast<double>(gradient[i])));
    }
    EXPECT_LT(off, 1e-5 * largest + 1e-7) << name;
  }
}

TEST_F(TwoModels, ALossIsTheSameInParts) {
  Examples other, both = masked_;
  other.input.add(std::vector<int32_t>{2, kMasked, 3});
  other.targets = {kNone, 8, kNone};
  other.draws = {0.1, 0.2, 0.3};
  both.input.add(std::vector<int32_t>{2, kMasked, 3});
  both.targets.insert(both.targets.end(), other.targets.begin(), other.targets.end());
  both.draws.insert(both.draws.end(), other.draws.begin(), other.draws.end());
  const auto objective = make_objective({.name = "replaced_token"});
  const auto optimizer = make_optimizer(OptimizerConfig(), *model_);
  Stepper stepper = *Stepper::create(*model_, *objective, *optimizer, {.arena_bytes = 64 << 20});
  const Counts counts = objective->count(both);
  const LossSums whole = stepper.evaluate(both, counts);
  LossSums divided;
  for (const Examples* part : {&masked_, &other}) divided += stepper.evaluate(*part, counts);
  EXPECT_NEAR(divided.loss, whole.loss, 1e-5);
  ASSERT_EQ(divided.figures.size(), whole.figures.size());
  for (size_t i = 0; i < whole.figures.size(); ++i)
    EXPECT_NEAR(divided.figures[i].value, whole.figures[i].value, 1e-6) << whole.figures[i].name;
}

TEST_F(TwoModels, ARehearsalTakesTheMemoryOfBothAndOfWhatTheyShareOnce) {
  const auto objective = make_objective({.name = "replaced_token"});
  const OptimizerConfig config;
  const auto optimizer = make_optimizer(config, *model_);
  const MemoryPlan plan = plan_memory(
      {.model = *model_, .objective = *objective, .optimizer = config, .batch_size = 3, .sequence_length = 8});
  Stepper stepper = *Stepper::create(*model_, *objective, *optimizer, {.arena_bytes = 64 << 20});
  stepper.step(
      1, [&](int64_t, Examples& out) { objective->append_rehearsal(3, 8, out); }, 0, 1, 1e-3);
  const auto peak = static_cast<double>(stepper.arena().peak()), planned = static_cast<double>(plan.activations);
  EXPECT_LE(peak, planned);
  EXPECT_GE(peak, 0.97 * planned);
  size_t trained = 0;
  for (Entry* entry : trainable_entries(*model_)) trained += static_cast<size_t>(entry->spec.shape.elements());
  EXPECT_EQ(plan.weights, sizeof(float) * trained);
  EXPECT_EQ(plan.gradients, sizeof(float) * trained);
  EXPECT_EQ(plan.optimizer, 2 * sizeof(float) * trained);
  EXPECT_LT(trained, static_cast<size_t>(model_->parameter_count() + model_->companion->parameter_count()));
}

TEST(DrawnToken, ComesAsOftenAsItsProbability) {
  const std::vector<float> probabilities = {0.2f, 0.5f, 0.3f};
  std::vector<int32_t> drawn;
  for (double draw : {0.0, 0.19, 0.21, 0.69, 0.71, 0.999999}) drawn.push_back(drawn_token(probabilities, draw));
  EXPECT_THAT(drawn, ElementsAre(0, 0, 1, 1, 2, 2));
  EXPECT_EQ(drawn_token(std::vector<float>{NAN, 1}, 0.5), 1) << "a loss that is not finite is told by who counts it";
  EXPECT_EQ(drawn_token(std::vector<float>{0.5f, 0.4999f}, 0.99999), 1) << "by rounding nothing may be left";
}

// The same words as every example.
class SameWords final : public ExampleSource {
 public:
  uint64_t size() const override { return 2; }
  uint64_t tokens() const override { return 2 * 30; }
  void append(uint64_t, Examples& out) const override { out.input.add(std::vector<int32_t>(30, 5)); }
};

TEST(Draws, FollowFromTheNumberOfTheExample) {
  const auto tokenizer = words_tokenizer();
  ObjectiveConfig config{.name = "replaced_token"};
  auto source = objective_entry(config.name)
                    .of_tokens(std::make_unique<SameWords>(), token_rules(&tokenizer, 64), config, 3, 100);
  ASSERT_TRUE(source.ok()) << source.error().to_string();
  Examples first, second, both;
  (*source)->append(0, first);
  (*source)->append(1, second);
  (*source)->append(0, both);
  (*source)->append(1, both);
  EXPECT_EQ(first.draws.size(), first.targets.size());
  EXPECT_NE(first.draws, second.draws);
  first.draws.insert(first.draws.end(), second.draws.begin(), second.draws.end());
  EXPECT_EQ(first.draws, both.draws) << "whatever stands before them in the batch";
}

TEST(Companions, AFamilyWithoutOneIsNamed) {
  auto bert = tiny_model("bert", model::Task::kMaskedLm);
  EXPECT_THAT(model::add_companion(*bert, 0.5).error().to_string(), HasSubstr("'bert' has no model to be trained"));
}

}  // namespace
}  // namespace malmoi::train
