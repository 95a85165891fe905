#include "train/failure_signs.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "train/scores.h"

namespace malmoi::train {
namespace {

constexpr int64_t kStreak = 5;      // steps in a row: fewer happen by chance
constexpr int64_t kSureSteps = 10;  // from the first on
constexpr double kMostTruncated = 0.8;
constexpr double kFarthest = 2;  // nats a token from the reference
constexpr double kNoLoss = 1e-4;
constexpr size_t kLengthSteps = 32;  // that lengths and rewards are compared over
constexpr double kLengthCorrelation = 0.8;
constexpr double kGrowth = 1.2;  // of lengths, from the first half of these steps to the second

std::optional<double> figure_in(const StepMetrics& metrics, std::string_view name) {
  auto found = std::ranges::find(metrics.figures, name, &std::pair<std::string, double>::first);
  return found == metrics.figures.end() ? std::nullopt : std::optional<double>(found->second);
}

const std::vector<double>* advantages_in(const StepMetrics& metrics) {
  auto found = std::ranges::find(metrics.lists, "advantages", &std::pair<std::string, std::vector<double>>::first);
  return found == metrics.lists.end() ? nullptr : &found->second;
}

}  // namespace

bool FailureSigns::Streak::add(bool holds) {
  length_ = holds ? length_ + 1 : 0;
  return length_ == kStreak && !std::exchange(told_, true);
}

std::vector<std::string> FailureSigns::add(const StepMetrics& metrics) {
  std::vector<std::string> signs;
  if (metrics.skipped || !std::isfinite(metrics.loss)) return signs;  // told as what they are
  look_at_rollouts(metrics, signs);
  look_at_lengths(metrics, signs);
  look_at_pairs(metrics, signs);
  for (std::string& sign : signs) sign = fmt::format("step {}: {}", metrics.step, sign);
  return signs;
}

void FailureSigns::look_at_rollouts(const StepMetrics& metrics, std::vector<std::string>& signs) {
  const std::vector<double>* advantages = advantages_in(metrics);
  const bool equal = advantages && std::ranges::all_of(*advantages, [](double a) { return a == 0; });
  if (equal_rewards_.add(equal))
    signs.push_back(
        fmt::format("in each of the last {} steps all answers to a prompt got the same reward, of which nothing "
                    "is learned: take prompts that the model answers now well, now badly, raise group or "
                    "temperature, or add a reward that tells its answers apart",
                    kStreak));
  if (truncated_.add(figure_in(metrics, "truncated").value_or(0) > kMostTruncated))
    signs.push_back(
        fmt::format("in each of the last {} steps more than {} of the answers were cut off: raise "
                    "objective.max_tokens, or look whether prompts are as the model knows them",
                    kStreak, kMostTruncated));
  if (far_.add(figure_in(metrics, "mean_kl").value_or(0) > kFarthest))
    signs.push_back(
        fmt::format("in each of the last {} steps mean_kl was above {}: the model has left its reference; lower "
                    "optimizer.lr, or raise objective.kl_coefficient",
                    kStreak, kFarthest));
  // Of sampled answers it is 0 where the model still is the one that drew them.
  if (no_loss_.add(!advantages && std::abs(metrics.loss) < kNoLoss))
    signs.push_back(
        fmt::format("in each of the last {} steps the loss was 0: nothing is left to learn; look whether optimizer.lr "
                    "is too high, and whether what is compared differs in more than a mark",
                    kStreak));
}

void FailureSigns::look_at_lengths(const StepMetrics& metrics, std::vector<std::string>& signs) {
  const std::optional<double> reward = figure_in(metrics, "reward"), tokens = figure_in(metrics, "answer_tokens");
  if (told_lengths_ || !reward || !tokens) return;
  answers_.push_back({*reward, *tokens});
  if (answers_.size() > kLengthSteps) answers_.pop_front();
  if (answers_.size() < kLengthSteps) return;
  Predictions both;
  double before = 0, after = 0;
  for (size_t i = 0; i < kLengthSteps; ++i) {
    both.wanted.push_back(answers_[i].reward);
    both.given.push_back(answers_[i].tokens);
    (i < kLengthSteps / 2 ? before : after) += answers_[i].tokens / (kLengthSteps / 2);
  }
  const double correlation = spearman(both);
  if (correlation < kLengthCorrelation || after < kGrowth * before) return;
  told_lengths_ = true;
  signs.push_back(
      fmt::format("over the last {} steps rewards have risen with the length of the answers (from {:.0f} to {:.0f} "
                  "tokens, rank correlation {:.2f}): the model may be learning to be long; read its answers, add "
                  "a reward for length, or use average: constant",
                  kLengthSteps, before, after, correlation));
}

// As it begins a model is as far from its own beginning as can be told: pairs without a margin say nothing.
void FailureSigns::look_at_pairs(const StepMetrics& metrics, std::vector<std::string>& signs) {
  const std::optional<double> margin = figure_in(metrics, "margin"), accuracy = figure_in(metrics, "accuracy");
  if (!std::exchange(begun_, true)) from_the_beginning_ = metrics.step == 0;
  if (!from_the_beginning_ || !margin || !accuracy || *margin == 0) return;
  if (*accuracy < 1) from_the_beginning_ = false;
  else if (++sure_steps_ == kSureSteps)
    signs.push_back(
        "all chosen answers were preferred from the first steps on: the two may differ in something trivial (an end "
        "mark, a template, their length), or optimizer.lr is far too high");
}

}  // namespace malmoi::train
