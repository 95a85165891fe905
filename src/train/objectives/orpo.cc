// Odds-ratio preference optimisation: the chosen text is learned, and its odds are raised over the rejected answer's, without
// a reference (Hong et al. 2024).
#include <cmath>

#include "train/objectives/preference.h"

namespace malmoi::train::orpo {
namespace {

// log(1 - e^a) for a < 0 (Maechler 2012).
double log_of_rest(double a) { return a > -std::log(2.0) ? std::log(-std::expm1(a)) : std::log1p(-std::exp(a)); }

// o = a - log(1 - e^a), and its slope by a: 1 / (1 - e^a).
struct Odds {
  double value, slope;
};
Odds odds_of(double a) {
  constexpr double kSurest = -1e-9;  // a certain answer has no finite odds
  a = std::min(a, kSurest);
  return {a - log_of_rest(a), -1 / std::expm1(a)};
}

PairLoss rule(const ObjectiveConfig& options, const AnswerLogps& chosen, const AnswerLogps& rejected) {
  const double beta = options.preference.beta;
  const Odds c = odds_of(chosen.mean), j = odds_of(rejected.mean);
  const LogSigmoid ratio = minus_log_sigmoid(c.value - j.value);
  return {.loss = beta * ratio.loss,
          .chosen_slope = beta * ratio.slope * c.slope / static_cast<double>(chosen.tokens),
          .rejected_slope = -beta * ratio.slope * j.slope / static_cast<double>(rejected.tokens),
          .chosen_reward = beta * chosen.mean,
          .rejected_reward = beta * rejected.mean};
}

}  // namespace

extern const ObjectiveEntry objective{
    .name = "orpo",
    .task = model::Task::kCausalLm,
    .flat = false,
    .arrays = pair_arrays(true),
    .read = [](ConfigReader& reader, ObjectiveConfig& config) { read_beta(reader, config); },
    .make = [](const ObjectiveConfig& config, const FrozenModel& frozen) -> std::unique_ptr<Objective> {
      return std::make_unique<Preference>(
          config, PreferenceRule{.rule = rule, .reference = false, .likelihood = 1, .whole_text = true}, frozen);
    },
    .scores = kPreferenceScores};

}  // namespace malmoi::train::orpo
