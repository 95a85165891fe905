// Anchored preference optimisation: each answer is moved by itself, towards or away from the reference (D'Oosterlinck et al.
// 2024).
#include "train/objectives/preference.h"

namespace malmoi::train::apo {
namespace {

PairLoss rewards(const ObjectiveConfig& options, const AnswerLogps& chosen, const AnswerLogps& rejected) {
  const double beta = options.preference.beta;
  return {.chosen_reward = beta * chosen.ratio, .rejected_reward = beta * rejected.ratio};
}

// Where the chosen answers are better than what the model writes: up with them, down with the others.
PairLoss zero_rule(const ObjectiveConfig& options, const AnswerLogps& chosen, const AnswerLogps& rejected) {
  PairLoss pair = rewards(options, chosen, rejected);
  const double beta = options.preference.beta, c = sigmoid(pair.chosen_reward), j = sigmoid(pair.rejected_reward);
  pair.loss = 1 - c + j;
  pair.chosen_slope = -beta * c * (1 - c);
  pair.rejected_slope = beta * j * (1 - j);
  return pair;
}

// Where they are worse than what it writes: down with both, with the rejected ones more.
PairLoss down_rule(const ObjectiveConfig& options, const AnswerLogps& chosen, const AnswerLogps& rejected) {
  PairLoss pair = rewards(options, chosen, rejected);
  const double beta = options.preference.beta, c = sigmoid(pair.chosen_reward);
  const double x = sigmoid(pair.chosen_reward - pair.rejected_reward);
  pair.loss = c + 1 - x;
  pair.chosen_slope = beta * (c * (1 - c) - x * (1 - x));
  pair.rejected_slope = beta * x * (1 - x);
  return pair;
}

void read(ConfigReader& reader, ObjectiveConfig& config) {
  read_beta(reader, config);
  read_reference(reader, config);
  config.preference.loss = reader.choice("loss", {"zero", "down"}, 0) == 0 ? "zero" : "down";
}

}  // namespace

extern const ObjectiveEntry objective{
    .name = "apo",
    .task = model::Task::kCausalLm,
    .flat = false,
    .arrays = pair_arrays(),
    .read = read,
    .make = [](const ObjectiveConfig& config, const FrozenModel& frozen) -> std::unique_ptr<Objective> {
      const PairRule rule = config.preference.loss == "down" ? down_rule : zero_rule;
      return std::make_unique<Preference>(config, PreferenceRule{.rule = rule}, frozen);
    },
    .scores = kPreferenceScores,
    .beside = ask_reference};

}  // namespace malmoi::train::apo
