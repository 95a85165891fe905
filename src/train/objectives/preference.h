// Objectives over pairs of answers to one prompt, of which the first is the better: a loss for each pair, a mean over pairs.
#pragma once

#include "train/objectives/completions.h"

namespace malmoi::train {

/// Of an answer: what the losses of pairs are made of.
struct AnswerLogps {
  double sum = 0;    // of its tokens' log-probabilities
  double mean = 0;   // that, divided by their number
  double ratio = 0;  // the sum less the reference's (0 without one)
  double mean_ratio = 0;
  int64_t tokens = 1;
};

/// A pair's loss, its slopes by the two sums, and what the answers are worth by it.
struct PairLoss {
  double loss = 0, chosen_slope = 0, rejected_slope = 0;
  double chosen_reward = 0, rejected_reward = 0;
};

/// One of the losses; `options` are those of the configuration.
using PairRule = PairLoss (*)(const ObjectiveConfig& options, const AnswerLogps& chosen, const AnswerLogps& rejected);

/// The number of `-log sigmoid(x)`, without overflow, and its slope -sigmoid(-x).
struct LogSigmoid {
  double loss, slope;
};
LogSigmoid minus_log_sigmoid(double x);
double sigmoid(double x);

/// `likelihood`: weight of the mean negative log-probability of the chosen answers' tokens beside the rule, over all of a step;
/// `whole_text`: of their prompts', too. It is told as `nll`.
struct PreferenceRule {
  PairRule rule = nullptr;
  bool reference = true;
  double likelihood = 0;
  bool whole_text = false;
};

class Preference final : public LogpsObjective {
 public:
  Preference(const ObjectiveConfig& options, const PreferenceRule& rule, const FrozenModel& reference)
      : LogpsObjective(rule.reference ? &reference : nullptr, options.precompute_reference),
        options_(options),
        rule_(rule) {}
  Counts count(const Examples& examples) const override;
  void append_rehearsal(int64_t batch, int64_t length, Examples& out) const override;

 protected:
  LossSums loss(const Examples& examples, const Counts& whole, const Logps& logps,
                std::span<float> slopes) const override;

 private:
  ObjectiveConfig options_;
  PreferenceRule rule_;
};

/// Of validation data: how often the chosen answer is worth more, and by how much.
inline constexpr std::string_view kPreferenceScores[] = {"accuracy", "margin"};

/// The arrays of pairs: chosen_ids rejected_ids, prompt_len chosen_len rejected_len.
ArrayFormat pair_arrays(bool whole_chosen_text = false);
/// Reads `beta`, with the objective's own default.
void read_beta(ConfigReader& reader, ObjectiveConfig& config, double otherwise = 0.1);
inline Beside ask_reference(const ObjectiveConfig&) { return Beside::kReference; }
/// Reads `reference` and `precompute_reference`.
void read_reference(ConfigReader& reader, ObjectiveConfig& config);

}  // namespace malmoi::train
