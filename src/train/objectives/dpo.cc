// Direct preference optimisation (Rafailov et al. 2023) and its kin, by the difference of two answers' log-ratios.
#include <cmath>

#include "train/objectives/preference.h"

namespace malmoi::train::dpo {
namespace {

// d of the loss by x = beta (r_c - r_j), given to both sums.
PairLoss by_margin(double beta, const AnswerLogps& chosen, const AnswerLogps& rejected, double loss, double slope) {
  return {.loss = loss,
          .chosen_slope = beta * slope,
          .rejected_slope = -beta * slope,
          .chosen_reward = beta * chosen.ratio,
          .rejected_reward = beta * rejected.ratio};
}

double margin_of(const ObjectiveConfig& options, const AnswerLogps& chosen, const AnswerLogps& rejected) {
  return options.preference.beta * (chosen.ratio - rejected.ratio);
}

// -(1 - e) log s(x) - e log s(-x): e labels in a hundred are taken to be wrong.
PairLoss sigmoid_rule(const ObjectiveConfig& options, const AnswerLogps& chosen, const AnswerLogps& rejected) {
  const double e = options.label_smoothing, x = margin_of(options, chosen, rejected);
  const LogSigmoid right = minus_log_sigmoid(x), wrong = minus_log_sigmoid(-x);
  return by_margin(options.preference.beta, chosen, rejected, (1 - e) * right.loss + e * wrong.loss,
                   (1 - e) * right.slope - e * wrong.slope);
}

// The same, without the bias that the wrong labels bring (Chowdhury et al. 2024).
PairLoss robust_rule(const ObjectiveConfig& options, const AnswerLogps& chosen, const AnswerLogps& rejected) {
  const double e = options.label_smoothing, x = margin_of(options, chosen, rejected);
  const LogSigmoid right = minus_log_sigmoid(x), wrong = minus_log_sigmoid(-x);
  return by_margin(options.preference.beta, chosen, rejected, ((1 - e) * right.loss - e * wrong.loss) / (1 - 2 * e),
                   ((1 - e) * right.slope + e * wrong.slope) / (1 - 2 * e));
}

// max(0, 1 - x) (Zhao et al. 2023, Liu et al. 2024).
PairLoss hinge_rule(const ObjectiveConfig& options, const AnswerLogps& chosen, const AnswerLogps& rejected) {
  const double x = margin_of(options, chosen, rejected);
  return by_margin(options.preference.beta, chosen, rejected, std::max(0.0, 1 - x), x < 1 ? -1 : 0);
}

// KL of s(x) against the labels (1 - e, e), which may not be certain (Ji et al. 2024, equation 16).
PairLoss exo_rule(const ObjectiveConfig& options, const AnswerLogps& chosen, const AnswerLogps& rejected) {
  constexpr double kLeastDoubt = 1e-3;  // as the authors have it
  const double e = std::max(options.label_smoothing, kLeastDoubt), x = margin_of(options, chosen, rejected);
  const double p = sigmoid(x), q = sigmoid(-x);
  const double above = -minus_log_sigmoid(x).loss - std::log1p(-e), below = -minus_log_sigmoid(-x).loss - std::log(e);
  return by_margin(options.preference.beta, chosen, rejected, p * above + q * below, p * q * (above - below));
}

struct NamedRule {
  const char* name;
  PairRule rule;
};
constexpr NamedRule kRules[] = {
    {"sigmoid", sigmoid_rule}, {"robust", robust_rule}, {"hinge", hinge_rule}, {"exo", exo_rule}};

void read(ConfigReader& reader, ObjectiveConfig& config) {
  read_beta(reader, config);
  read_reference(reader, config);
  std::vector<std::string> names;
  for (const NamedRule& rule : kRules) names.emplace_back(rule.name);
  config.preference.loss = names[reader.choice("loss", names, 0)];
  // At one half a label says nothing.
  config.label_smoothing = reader.number("label_smoothing", 0, 0, 0.49);
  if (config.preference.loss == "hinge" && config.label_smoothing > 0)
    reader.fail("label_smoothing", "is not of the loss hinge", "leave it out, or use sigmoid, robust or exo");
}

std::unique_ptr<Objective> make(const ObjectiveConfig& config, const FrozenModel& frozen) {
  PairRule chosen = kRules[0].rule;
  for (const NamedRule& rule : kRules) {
    if (config.preference.loss == rule.name) chosen = rule.rule;
  }
  return std::make_unique<Preference>(config, PreferenceRule{.rule = chosen}, frozen);
}

}  // namespace

extern const ObjectiveEntry objective{.name = "dpo",
                                      .task = model::Task::kCausalLm,
                                      .flat = false,
                                      .arrays = pair_arrays(),
                                      .read = read,
                                      .make = make,
                                      .scores = kPreferenceScores,
                                      .beside = ask_reference};

}  // namespace malmoi::train::dpo
