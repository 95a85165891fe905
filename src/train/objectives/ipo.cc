// Identity preference optimisation: the difference of the mean log-ratios is drawn to 1 / (2 beta) (Azar et al. 2023).
#include "train/objectives/preference.h"

namespace malmoi::train::ipo {
namespace {

PairLoss rule(const ObjectiveConfig& options, const AnswerLogps& chosen, const AnswerLogps& rejected) {
  const double beta = options.preference.beta, off = chosen.mean_ratio - rejected.mean_ratio - 1 / (2 * beta);
  return {.loss = off * off,
          .chosen_slope = 2 * off / static_cast<double>(chosen.tokens),
          .rejected_slope = -2 * off / static_cast<double>(rejected.tokens),
          .chosen_reward = beta * chosen.mean_ratio,
          .rejected_reward = beta * rejected.mean_ratio};
}

void read(ConfigReader& reader, ObjectiveConfig& config) {
  read_beta(reader, config);
  read_reference(reader, config);
}

}  // namespace

extern const ObjectiveEntry objective{
    .name = "ipo",
    .task = model::Task::kCausalLm,
    .flat = false,
    .arrays = pair_arrays(),
    .read = read,
    .make = [](const ObjectiveConfig& config, const FrozenModel& frozen) -> std::unique_ptr<Objective> {
      return std::make_unique<Preference>(config, PreferenceRule{.rule = rule}, frozen);
    },
    .scores = kPreferenceScores,
    .beside = ask_reference};

}  // namespace malmoi::train::ipo
