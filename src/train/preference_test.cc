// What objectives over answers tell and learn: their formulas at numbers by hand, baselines of a whole step, equal rewards.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "train/reference.h"
#include "train/tiny_models.h"

namespace malmoi::train {
namespace {

double figure_of(std::span<const Figure> figures, std::string_view name) {
  auto found = std::ranges::find(figures, name, &Figure::name);
  return found == figures.end() ? NAN : found->value;
}

// A pair of answers under a model and its reference, by sums over the log-probabilities themselves.
struct Pair {
  double chosen = 0, rejected = 0, held_chosen = 0, held_rejected = 0;
  double chosen_tokens = 0, rejected_tokens = 0;
};

struct PairRun {
  Trained trained;
  Examples examples;
  LossSums sums;
  Pair pair;

  explicit PairRun(const char* objective, const ObjectiveConfig& options)
      : trained(objective_entry(objective), "llama", {}, options) {
    // Away from the reference, which begins as the model does.
    move_away(*trained.model);
    append_random_row(objective_entry(objective), *trained.model, 0, 8, examples);
    sums = trained.stepper->evaluate(examples, trained.objective->count(examples));
    measure();
  }

 private:
  // The completion's log-probabilities from whole logits.
  void measure() {
    for (const model::Model* model : {trained.model.get(), trained.frozen.get()}) {
      if (!model) continue;
      Arena arena = std::move(*Arena::create(16 << 20));
      StoragePool pool;
      Stream stream;
      autograd::Context context;
      context.arena = &arena;
      context.pool = &pool;
      context.stream = &stream;
      context.backend = &kernels::cpu_backend();
      ModelInput input(examples);
      const Tensor logits = model->logits(context, model->backbone->forward(context, input.batch()).value);
      for (size_t run = 0; run < 2; ++run) {
        const autograd::Run& rows = examples.input.runs()[run];
        double sum = 0, tokens = 0;
        for (int64_t row = rows.begin + examples.completions[run]; row < rows.begin + rows.length; ++row) {
          const float* z = logits.as<float>() + row * logits.shape().columns();
          double total = 0;
          for (int64_t c = 0; c < logits.shape().columns(); ++c) total += std::exp(static_cast<double>(z[c]));
          sum += static_cast<double>(z[examples.targets[static_cast<size_t>(row)]]) - std::log(total);
          ++tokens;
        }
        const bool policy = model == trained.model.get();
        if (run == 0) {
          (policy ? pair.chosen : pair.held_chosen) = sum;
          pair.chosen_tokens = tokens;
        } else {
          (policy ? pair.rejected : pair.held_rejected) = sum;
          pair.rejected_tokens = tokens;
        }
      }
    }
  }
};

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

TEST(Preferences, LossesAreTheirFormulas) {
  constexpr double kBeta = 0.7, kDoubt = 0.2;
  auto margin = [](const Pair& p) { return kBeta * ((p.chosen - p.held_chosen) - (p.rejected - p.held_rejected)); };
  auto options = [](const char* loss, double doubt = 0) {
    return ObjectiveConfig{.label_smoothing = doubt, .preference = {.loss = loss, .beta = kBeta}};
  };
  const PairRun plain("dpo", options("sigmoid", kDoubt));
  const double x = margin(plain.pair);
  ASSERT_GT(std::abs(x), 1e-3) << "the reference is another model";
  EXPECT_NEAR(plain.sums.loss, -(1 - kDoubt) * std::log(logistic(x)) - kDoubt * std::log(logistic(-x)), 1e-5);
  EXPECT_NEAR(figure_of(plain.sums.figures, "chosen_logps"), plain.pair.chosen, 1e-4);
  EXPECT_NEAR(figure_of(plain.sums.figures, "margin"), x, 1e-4);
  EXPECT_EQ(figure_of(plain.sums.figures, "accuracy"), x > 0 ? 1 : 0);
  const PairRun robust("dpo", options("robust", kDoubt));
  EXPECT_NEAR(robust.sums.loss,
              (-(1 - kDoubt) * std::log(logistic(x)) + kDoubt * std::log(logistic(-x))) / (1 - 2 * kDoubt), 1e-5);
  EXPECT_NEAR(PairRun("dpo", options("hinge")).sums.loss, std::max(0.0, 1 - x), 1e-5);
  const PairRun exo("dpo", options("exo", kDoubt));
  EXPECT_NEAR(exo.sums.loss,
              logistic(x) * (std::log(logistic(x)) - std::log(1 - kDoubt)) +
                  logistic(-x) * (std::log(logistic(-x)) - std::log(kDoubt)),
              1e-5);

  const PairRun ipo("ipo", options(""));
  const Pair& p = ipo.pair;
  const double means =
      (p.chosen - p.held_chosen) / p.chosen_tokens - (p.rejected - p.held_rejected) / p.rejected_tokens;
  EXPECT_NEAR(ipo.sums.loss, std::pow(means - 1 / (2 * kBeta), 2), 1e-5);

  const double chosen = kBeta * (p.chosen - p.held_chosen), rejected = kBeta * (p.rejected - p.held_rejected);
  EXPECT_NEAR(PairRun("apo", options("zero")).sums.loss, 1 - logistic(chosen) + logistic(rejected), 1e-5);
  EXPECT_NEAR(PairRun("apo", options("down")).sums.loss, logistic(chosen) + 1 - logistic(chosen - rejected), 1e-5);

  const PairRun simpo("simpo", {.preference = {.beta = kBeta, .gamma = 0.4}});
  const double means_alone = p.chosen / p.chosen_tokens - p.rejected / p.rejected_tokens;
  EXPECT_NEAR(simpo.sums.loss, -std::log(logistic(kBeta * means_alone - 0.4)), 1e-5);

  const PairRun cpo("cpo", {.preference = {.beta = kBeta, .likelihood = 0.5}});
  EXPECT_NEAR(cpo.sums.loss, -std::log(logistic(kBeta * (p.chosen - p.rejected))) - 0.5 * p.chosen / p.chosen_tokens,
              1e-4);
}

TEST(Preferences, LossesOfAnswersFarApartAreFinite) {
  for (const char* objective : {"dpo", "ipo", "orpo", "simpo", "cpo", "apo", "kto"}) {
    SCOPED_TRACE(objective);
    const ObjectiveEntry& entry = objective_entry(objective);
    Trained t(entry, "llama", {}, {.preference = {.beta = 1e4}});
    for (auto& e : t.model->parameters.entries()) {
      for (int64_t i = 0; i < e->parameter.master.elements(); ++i) e->parameter.master.as<float>()[i] *= 40;
    }
    t.model->refresh_compute();
    const StepResult r = t.stepper->step(
        1, [&](int64_t, Examples& out) { out = random_examples(entry, *t.model, 4, 8); }, 0, 1, 1e-6);
    EXPECT_TRUE(std::isfinite(r.loss));
    EXPECT_TRUE(std::isfinite(r.grad_norm));
  }
}

TEST(Kto, TheBaselineIsThatOfTheWholeStep) {
  const ObjectiveEntry& entry = objective_entry("kto");
  auto run = [&](int64_t parts) {
    Trained t(entry, "llama");
    move_away(*t.model);
    const int64_t rows = 4 / parts;
    return t.stepper->step(
        parts,
        [&](int64_t i, Examples& out) {
          for (int64_t r = i * rows; r < (i + 1) * rows; ++r)
            append_random_row(entry, *t.model, static_cast<uint64_t>(r), 8, out);
        },
        0, 1, 1e-2);
  };
  const StepResult whole = run(1), parts = run(4);
  EXPECT_NEAR(whole.loss, parts.loss, 1e-6);
  EXPECT_NEAR(whole.grad_norm, parts.grad_norm, 1e-5 * whole.grad_norm);
  EXPECT_NEAR(figure_of(whole.figures, "kl"), figure_of(parts.figures, "kl"), 1e-5);
  EXPECT_EQ(whole.counts.terms, 8);
}

TEST(Kto, OfWhatAStepHasNoneNothingIsTold) {
  const ObjectiveEntry& entry = objective_entry("kto");
  Trained t(entry, "llama");
  Examples good = random_examples(entry, *t.model, 1, 8);
  good.numbers = {1, 1};
  const LossSums sums = t.stepper->evaluate(good, t.objective->count(good));
  EXPECT_FALSE(std::isnan(figure_of(sums.figures, "chosen_rewards")));
  for (const char* name : {"rejected_logps", "rejected_rewards", "margin", "accuracy"})
    EXPECT_TRUE(std::isnan(figure_of(sums.figures, name))) << name;
}

TEST(Grpo, EqualRewardsTeachNothing) {
  const ObjectiveEntry& entry = objective_entry("grpo");
  Trained t(entry, "llama", {}, {.rollouts = {.group = 4, .kl_coefficient = 0}});
  auto step = [&](std::vector<float> rewards) {
    return t.stepper->step(
        1,
        [&](int64_t, Examples& out) {
          out = random_examples(entry, *t.model, 4, 8);
          out.numbers = rewards;
        },
        0, 1, 0);
  };
  EXPECT_EQ(step({2, 2, 2, 2}).grad_norm, 0);
  const StepResult r = step({0, 0, 0, 4});
  EXPECT_GT(r.grad_norm, 0);
  auto advantages = std::ranges::find(r.figures, "advantages", &Figure::name);
  ASSERT_NE(advantages, r.figures.end());
  ASSERT_EQ(advantages->values.size(), 4u);
  EXPECT_NEAR(advantages->values[3], 3 / (2 + 1e-4), 1e-6) << "mean 1, deviation 2";
}

TEST(Grpo, AverageAndRatiosAreWhatTheConfigSays) {
  const ObjectiveEntry& entry = objective_entry("grpo");
  auto loss = [&](const RolloutConfig& options) {
    Trained t(entry, "llama", {}, {.rollouts = options});
    Examples out = random_examples(entry, *t.model, 4, 8);
    out.numbers = {1, 0, 0, 0};
    std::ranges::fill(out.sampled_logps, -3.3f);
    return t.stepper->evaluate(out, t.objective->count(out)).loss;
  };
  RolloutConfig options{.group = 4, .clip_low = 1, .clip_high = 1e6, .kl_coefficient = 0};
  const double by_rows = loss(options);
  options.average = "token";
  const double by_tokens = loss(options);
  options.average = "constant";
  options.longest = 100;
  const double by_constant = loss(options);
  options.sequence_ratios = true;
  const double by_sequence = loss(options);
  EXPECT_NE(by_rows, by_tokens) << "rows have different lengths";
  EXPECT_LT(std::abs(by_constant), std::abs(by_tokens));
  EXPECT_NE(by_sequence, by_constant);
}

TEST(Distillation, OfAModelFromItselfIsCrossEntropyAlone) {
  const ObjectiveEntry &entry = objective_entry("distillation"), &plain = objective_entry("causal_lm");
  Trained t(entry, "llama"), other(plain, "llama");
  const Examples out = random_examples(entry, *t.model, 4, 8);
  auto alone = entry.make({.distillation = {.alpha = 0.25}}, {});
  Stepper stepper = std::move(*Stepper::create(*t.model, *alone, *t.optimizer, {.arena_bytes = 64 << 20}));
  const LossSums self = stepper.evaluate(out, alone->count(out));
  EXPECT_NEAR(figure_of(self.figures, "kl"), 0, 1e-6);
  const double ce = other.stepper->evaluate(out, other.objective->count(out)).loss;
  EXPECT_NEAR(self.loss, 0.25 * ce, 1e-5);
  const LossSums taught = t.stepper->evaluate(out, t.objective->count(out));
  EXPECT_GT(figure_of(taught.figures, "kl"), 1e-4) << "the teacher is another model";
}

TEST(Contrastive, HardNegativesAndNarrowVectorsCount) {
  const ObjectiveEntry& entry = objective_entry("contrastive");
  auto loss = [&](const ContrastConfig& options, bool negatives) {
    Trained t(entry, "bert", {}, {.contrast = options});
    Examples out;
    const std::vector<std::vector<int32_t>> texts = {{3, 4, 5}, {4, 5, 6}, {7, 8}, {9, 10, 11}, {9, 11}, {2, 3}};
    for (size_t row = 0; row < 2; ++row) {
      for (size_t text = 0; text < (negatives ? 3u : 2u); ++text) out.input.add(texts[row * 3 + text]);
      out.targets.push_back(negatives ? 3 : 2);
      out.numbers.push_back(NAN);
    }
    return t.stepper->evaluate(out, t.objective->count(out)).loss;
  };
  const double plain = loss({}, false);
  EXPECT_GT(loss({}, true), plain) << "two more texts that are not the answer";
  EXPECT_NE(loss({.widths = {4}}, false), plain);
}

}  // namespace
}  // namespace malmoi::train
