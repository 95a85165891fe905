// What each sampling option keeps, in which order they apply, and that draws are a function of seed and number.
#include "infer/sampling.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

#include "infer/samplers/test_chances.h"

namespace malmoi::infer {
namespace {

// Probabilities .4 .3 .2 .1 as logits, shuffled: ids by probability are 2, 0, 3, 1.
std::vector<float> four() { return {std::log(.3f), std::log(.1f), std::log(.4f), std::log(.2f)}; }

std::map<int32_t, int> draws(SamplingOptions options, int n = 4000, const std::vector<float>& logits = four()) {
  Sampler sampler(options, static_cast<int64_t>(logits.size()));
  std::map<int32_t, int> count;
  for (int i = 0; i < n; ++i) ++count[sampler.next(logits).id];
  return count;
}

std::vector<double> chances_of_four(const SamplingOptions& options, const std::vector<int32_t>& text = {}) {
  return chances(options, four(), text);
}

TEST(Sampling, WithoutOptionsDrawsTheModelsDistribution) {
  expect_near(chances_of_four({}), {.3, .1, .4, .2});
  auto count = draws({}, 20000);
  EXPECT_NEAR(count[2], 8000, 300);  // 4 standard deviations: 280
  EXPECT_NEAR(count[1], 2000, 180);
}

TEST(Sampling, TemperatureSharpensAndFlattens) {
  double total = .09 + .01 + .16 + .04;
  expect_near(chances_of_four({.temperature = .5}), {.09 / total, .01 / total, .16 / total, .04 / total});
  expect_near(chances_of_four({.temperature = 0}), {0, 0, 1, 0});
  EXPECT_EQ(draws({.temperature = 0}, 50).size(), 1u);
}

TEST(Sampling, TemperatureZeroTakesTheLowestIdOnTies) {
  Sampler sampler({.temperature = 0}, 3);
  EXPECT_EQ(sampler.next(std::vector<float>{1, 2, 2}).id, 1);
}

TEST(Sampling, TopKKeepsTheKLargest) {
  expect_near(chances_of_four({.top_k = 2}), {3. / 7, 0, 4. / 7, 0});
  expect_near(chances_of_four({.top_k = 1}), {0, 0, 1, 0});
  expect_near(chances_of_four({.top_k = 9}), {.3, .1, .4, .2});
  EXPECT_EQ(draws({.top_k = 2}).size(), 2u);
}

TEST(Sampling, TopPKeepsTheFewestThatReachIt) {
  expect_near(chances_of_four({.top_p = .5}), {3. / 7, 0, 4. / 7, 0});
  expect_near(chances_of_four({.top_p = .39}), {0, 0, 1, 0});
  expect_near(chances_of_four({.top_p = .85}), {1. / 3, 0, 4. / 9, 2. / 9});
  // After top-k its share is of what top-k kept: .4 of .7 is more than half.
  expect_near(chances_of_four({.top_k = 2, .top_p = .5}), {0, 0, 1, 0});
}

TEST(Sampling, MinPKeepsThoseNearTheLargest) {
  expect_near(chances_of_four({.min_p = .6}), {3. / 7, 0, 4. / 7, 0});
  expect_near(chances_of_four({.min_p = 1}), {0, 0, 1, 0});
  EXPECT_EQ(draws({.min_p = .45}).size(), 3u);
}

TEST(Sampling, RepetitionPenaltyDividesPositiveAndMultipliesNegativeLogits) {
  std::vector<float> logits = {2, -1, 0};
  double a = std::exp(1.), b = std::exp(-2.), c = 1;
  expect_near(chances({.repetition_penalty = 2}, logits, {0, 1}), {a / (a + b + c), b / (a + b + c), c / (a + b + c)});
  expect_near(chances_of_four({.temperature = 0, .repetition_penalty = 10}, {2}), {1, 0, 0, 0});
}

TEST(Sampling, PresenceAndFrequencyPenaltiesCountGeneratedTokensAlone) {
  std::vector<float> logits = {1, 1};
  Sampler sampler({.presence_penalty = .5, .frequency_penalty = .25}, 2);
  sampler.observe(1);  // of the prompt
  sampler.observe(0, true);
  sampler.observe(0, true);
  sampler.next(logits);
  EXPECT_NEAR(sampler.chance(0) / sampler.chance(1), std::exp(-1.), 1e-6);  // .5 + 2 * .25
}

TEST(Sampling, LogitBiasIsAdded) {
  expect_near(chances_of_four({.logit_bias = {{2, -100.f}}}), {.5, 1. / 6, 0, 1. / 3});
  EXPECT_EQ(draws({.logit_bias = {{1, 100.f}, {77, 100.f}, {-1, 100.f}}}, 50).size(), 1u);
}

TEST(Sampling, ADrawTellsTheModelsOwnLogprob) {
  Sampler sampler({.temperature = 0, .logit_bias = {{1, 100.f}}}, 4);
  Candidate c = sampler.next(four());
  EXPECT_EQ(c.id, 1);
  EXPECT_NEAR(c.logprob, std::log(.1), 1e-6);
  EXPECT_EQ(c.chance, 1);
}

TEST(Sampling, SameSeedSameDrawsWhateverCameBefore) {
  auto sequence = [](uint64_t seed, SamplingOptions first) {
    first.seed = seed;
    Sampler sampler(first, 4);
    std::vector<int32_t> ids;
    for (int i = 0; i < 64; ++i) ids.push_back(sampler.next(four()).id);
    return ids;
  };
  EXPECT_EQ(sequence(3, {}), sequence(3, {}));
  EXPECT_NE(sequence(3, {}), sequence(4, {}));
  // The n-th draw is the n-th: steps of another temperature before it change nothing.
  Sampler a({.seed = 9}, 4), b({.seed = 9}, 4);
  a.next(four());
  b.next(std::vector<float>{0, 0, 0, 0});
  for (int i = 0; i < 32; ++i) EXPECT_EQ(a.next(four()).id, b.next(four()).id);
}

TEST(Sampling, ChancesSumToOneAndDrawsStayAmongThem) {
  Rng rng(1);
  for (int round = 0; round < 200; ++round) {
    std::vector<float> logits(50);
    for (float& x : logits) x = static_cast<float>(rng.normal() * 3);
    SamplingOptions options{.temperature = .2 + 2 * rng.uniform(),
                            .top_k = static_cast<int64_t>(rng.below(60)),
                            .top_p = .05 + .95 * rng.uniform(),
                            .min_p = rng.uniform() < .5 ? 0 : .3 * rng.uniform(),
                            .repetition_penalty = 1 + rng.uniform(),
                            .seed = rng.next_u64()};
    ASSERT_TRUE(options.check().ok());
    Sampler sampler(options, 50);
    sampler.observe(3);
    Candidate drawn = sampler.next(logits);
    EXPECT_GT(drawn.chance, 0);
    double total = 0;
    for (int32_t id = 0; id < 50; ++id) total += sampler.chance(id);
    EXPECT_NEAR(total, 1, 1e-9);
  }
}

TEST(Sampling, ValuesThatAreNoNumbersDoNotBreakTheOrder) {
  float nan = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> logits(100, nan);
  for (SamplingOptions options : {SamplingOptions{}, {.top_k = 5}, {.top_p = .5}, {.min_p = .1}, {.temperature = 0}}) {
    Sampler sampler(options, 100);
    int32_t id = sampler.next(logits).id;
    EXPECT_TRUE(id >= 0 && id < 100);
  }
  logits[7] = 1;
  EXPECT_EQ(Sampler({.top_p = .5}, 100).next(logits).id, 7);
  EXPECT_EQ(top_candidates(logits, 3)[0].id, 7);
}

TEST(Sampling, RangesAreCheckedByName) {
  EXPECT_TRUE(SamplingOptions{}.check().ok());
  struct Case {
    SamplingOptions options;
    const char* name;
  };
  double nan = std::nan("");
  for (const auto& [options, name] : {Case{{.temperature = -1}, "temperature"},
                                      {{.temperature = nan}, "temperature"},
                                      {{.top_k = -1}, "top_k"},
                                      {{.top_p = 0}, "top_p"},
                                      {{.top_p = 1.1}, "top_p"},
                                      {{.min_p = -.1}, "min_p"},
                                      {{.repetition_penalty = 0}, "repetition_penalty"},
                                      {{.presence_penalty = nan}, "presence_penalty"},
                                      {{.frequency_penalty = 1000}, "frequency_penalty"},
                                      {{.typical_p = 0}, "typical_p"},
                                      {{.typical_p = nan}, "typical_p"},
                                      {{.top_n_sigma = 1000}, "top_n_sigma"},
                                      {{.xtc_probability = 1.5}, "xtc_probability"},
                                      {{.xtc_threshold = -1}, "xtc_threshold"},
                                      {{.penalty_last_n = -2}, "penalty_last_n"},
                                      {{.dry_multiplier = -1}, "dry_multiplier"},
                                      {{.dry_base = .5}, "dry_base"},
                                      {{.dry_allowed_length = -1}, "dry_allowed_length"},
                                      {{.dry_penalty_last_n = -2}, "dry_penalty_last_n"},
                                      {{.dry_sequence_breakers = {""}}, "dry_sequence_breakers"},
                                      {{.dry_sequence_breakers = std::vector<std::string>(99, "x")}, "dry_sequence"},
                                      {{.mirostat = 3}, "mirostat"},
                                      {{.mirostat_tau = nan}, "mirostat_tau"},
                                      {{.mirostat_eta = -1}, "mirostat_eta"},
                                      {{.logit_bias = {{1, INFINITY}}}, "logit_bias"}}) {
    Status status = options.check();
    ASSERT_FALSE(status.ok()) << name;
    EXPECT_NE(status.error().what.find(name), std::string::npos) << status.error().what;
  }
}

TEST(Candidates, MostProbableFirstLowestIdOnTies) {
  auto top = top_candidates(std::vector<float>{0, 1, 1, -1}, 3);
  ASSERT_EQ(top.size(), 3u);
  EXPECT_EQ(top[0].id, 1);
  EXPECT_EQ(top[1].id, 2);
  EXPECT_EQ(top[2].id, 0);
  EXPECT_EQ(top_candidates(std::vector<float>{0, 1}, 99).size(), 2u);
  EXPECT_TRUE(top_candidates(std::vector<float>{0, 1}, 0).empty());
  EXPECT_NEAR(log_sum_exp(std::vector<float>{1000, 1000}), 1000 + std::log(2.), 1e-9);
}

}  // namespace
}  // namespace malmoi::infer
