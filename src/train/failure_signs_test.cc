// Signs of failure: what shows each, what does not, and that each is told once.
#include "train/failure_signs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace malmoi::train {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// All that `steps` steps show; metrics_of(step) without the number.
template <typename Metrics>
std::vector<std::string> signs_of(int64_t steps, const Metrics& metrics_of, int64_t first = 0) {
  FailureSigns signs;
  std::vector<std::string> all;
  for (int64_t step = first; step < first + steps; ++step) {
    StepMetrics metrics = metrics_of(step);
    metrics.step = step;
    for (std::string& sign : signs.add(metrics)) all.push_back(std::move(sign));
  }
  return all;
}

StepMetrics sampled(double reward, double tokens, std::vector<double> advantages = {1, -1}) {
  return {.loss = 0,
          .figures = {{"reward", reward}, {"answer_tokens", tokens}},
          .lists = {{"advantages", std::move(advantages)}}};
}

TEST(FailureSigns, EqualRewardsOfSeveralStepsInARow) {
  auto equal = [](int64_t) { return sampled(1, 9, {0, 0, 0, 0}); };
  EXPECT_THAT(signs_of(4, equal), IsEmpty());
  EXPECT_THAT(signs_of(40, equal), ElementsAre(AllOf(HasSubstr("step 4: "), HasSubstr("the same reward"))));
  EXPECT_THAT(signs_of(40, [](int64_t step) { return sampled(1, 9, {step % 4 ? 0.0 : 1.0, 0}); }), IsEmpty());
}

TEST(FailureSigns, AnswersThatAreCutOff) {
  auto cut = [](double share) {
    return [share](int64_t) {
      StepMetrics metrics = sampled(1, 9);
      metrics.figures.emplace_back("truncated", share);
      return metrics;
    };
  };
  EXPECT_THAT(signs_of(20, cut(0.9)), ElementsAre(HasSubstr("objective.max_tokens")));
  EXPECT_THAT(signs_of(20, cut(0.8)), IsEmpty());
}

TEST(FailureSigns, RewardsThatRiseWithTheLengthOfAnswers) {
  auto rises = [](int64_t step) { return sampled(0.01 * static_cast<double>(step), 20 + static_cast<double>(step)); };
  EXPECT_THAT(signs_of(31, rises), IsEmpty());
  EXPECT_THAT(signs_of(90, rises), ElementsAre(HasSubstr("rank correlation 1.00")));
  auto shorter = [](int64_t step) {
    return sampled(0.01 * static_cast<double>(step), 200 - static_cast<double>(step));
  };
  EXPECT_THAT(signs_of(90, shorter), IsEmpty());
  auto still = [](int64_t step) { return sampled(static_cast<double>(step % 7), 100 + static_cast<double>(step % 7)); };
  EXPECT_THAT(signs_of(90, still), IsEmpty()) << "lengths that do not grow are no sign";
}

TEST(FailureSigns, AModelFarFromItsReference) {
  auto far = [](int64_t) {
    StepMetrics metrics = sampled(1, 9);
    metrics.figures.emplace_back("mean_kl", 2.5);
    return metrics;
  };
  EXPECT_THAT(signs_of(20, far), ElementsAre(HasSubstr("kl_coefficient")));
}

StepMetrics paired(double loss, double margin, double accuracy) {
  return {.loss = loss, .figures = {{"margin", margin}, {"accuracy", accuracy}}};
}

TEST(FailureSigns, ALossOfZeroButNotOfSampledAnswers) {
  EXPECT_THAT(signs_of(20, [](int64_t) { return StepMetrics{.loss = 1e-6}; }),
              ElementsAre(HasSubstr("the loss was 0")));
  EXPECT_THAT(signs_of(20, [](int64_t) { return sampled(1, 9); }), IsEmpty());
  EXPECT_THAT(signs_of(20, [](int64_t step) { return StepMetrics{.loss = step % 3 ? 0.0 : 0.1}; }), IsEmpty());
}

TEST(FailureSigns, PairsThatAreToldApartFromTheFirstStepsOn) {
  auto sure = [](int64_t step) { return step == 0 ? paired(0.69, 0, 0) : paired(0.5, 0.1, 1); };
  EXPECT_THAT(signs_of(40, sure), ElementsAre(AllOf(HasSubstr("step 10: "), HasSubstr("something trivial"))));
  EXPECT_THAT(signs_of(40, [](int64_t step) { return paired(0.5, 0.1, step == 3 ? 0.75 : 1); }), IsEmpty());
  EXPECT_THAT(signs_of(40, sure, 100), IsEmpty()) << "a run that goes on may have learned it";
}

TEST(FailureSigns, StepsThatWereSkippedShowNothing) {
  auto skipped = [](int64_t) { return StepMetrics{.loss = NAN, .skipped = true, .figures = {{"truncated", 1.0}}}; };
  EXPECT_THAT(signs_of(20, skipped), IsEmpty());
}

}  // namespace
}  // namespace malmoi::train
