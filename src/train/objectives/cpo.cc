// Contrastive preference optimisation: DPO under a uniform reference, beside the chosen answer's likelihood (Xu et al. 2024).
#include "train/objectives/preference.h"

namespace malmoi::train::cpo {
namespace {

PairLoss rule(const ObjectiveConfig& options, const AnswerLogps& chosen, const AnswerLogps& rejected) {
  const double beta = options.preference.beta;
  const LogSigmoid x = minus_log_sigmoid(beta * (chosen.sum - rejected.sum));
  return {.loss = x.loss,
          .chosen_slope = beta * x.slope,
          .rejected_slope = -beta * x.slope,
          .chosen_reward = beta * chosen.sum,
          .rejected_reward = beta * rejected.sum};
}

void read(ConfigReader& reader, ObjectiveConfig& config) {
  read_beta(reader, config);
  config.preference.likelihood = reader.number("alpha", 1.0, 0, 1e6);
}

}  // namespace

extern const ObjectiveEntry objective{
    .name = "cpo",
    .task = model::Task::kCausalLm,
    .flat = false,
    .arrays = pair_arrays(),
    .read = read,
    .make = [](const ObjectiveConfig& config, const FrozenModel& frozen) -> std::unique_ptr<Objective> {
      return std::make_unique<Preference>(
          config, PreferenceRule{.rule = rule, .reference = false, .likelihood = config.preference.likelihood}, frozen);
    },
    .scores = kPreferenceScores};

}  // namespace malmoi::train::cpo
