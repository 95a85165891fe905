// Simple preference optimisation: mean log-probabilities with a margin, without a reference (Meng et al. 2024).
#include "train/objectives/preference.h"

namespace malmoi::train::simpo {
namespace {

PairLoss rule(const ObjectiveConfig& options, const AnswerLogps& chosen, const AnswerLogps& rejected) {
  const double beta = options.preference.beta;
  const LogSigmoid x = minus_log_sigmoid(beta * (chosen.mean - rejected.mean) - options.preference.gamma);
  return {.loss = x.loss,
          .chosen_slope = beta * x.slope / static_cast<double>(chosen.tokens),
          .rejected_slope = -beta * x.slope / static_cast<double>(rejected.tokens),
          .chosen_reward = beta * chosen.mean,
          .rejected_reward = beta * rejected.mean};
}

void read(ConfigReader& reader, ObjectiveConfig& config) {
  read_beta(reader, config, 2.0);
  config.preference.gamma = reader.number("gamma", 1.0, 0, 1e6);
}

}  // namespace

extern const ObjectiveEntry objective{
    .name = "simpo",
    .task = model::Task::kCausalLm,
    .flat = false,
    .arrays = pair_arrays(),
    .read = read,
    .make = [](const ObjectiveConfig& config, const FrozenModel& frozen) -> std::unique_ptr<Objective> {
      return std::make_unique<Preference>(config, PreferenceRule{.rule = rule, .reference = false}, frozen);
    },
    .scores = kPreferenceScores};

}  // namespace malmoi::train::simpo
