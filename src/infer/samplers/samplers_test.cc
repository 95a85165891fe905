// What each step of a sampler keeps, by formulas worked out by hand; what holds for every line of the table.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string>

#include "infer/samplers/test_chances.h"
#include "infer/sampling.h"

namespace malmoi::infer {
namespace {

using Logits = std::vector<float>;

Logits logs(std::initializer_list<double> probabilities) {
  Logits logits;
  for (double p : probabilities) logits.push_back(static_cast<float>(std::log(p)));
  return logits;
}

// llama.cpp's tests/test-sampling.cpp has these cases.
TEST(TypicalP, KeepsThoseWhoseSurpriseIsNearTheEntropy) {
  // H = .97 * .030 + 3 * .01 * 4.605 = .168: the first is at .137, the others at 4.44.
  expect_near(chances({.typical_p = .5}, logs({.97, .01, .01, .01})), {1, 0, 0, 0});
  // H = .4 * .916 + 3 * .2 * 1.609 = 1.332: the first is at .416, the others at .277.
  expect_near(chances({.typical_p = .5}, logs({.4, .2, .2, .2})), {0, 1. / 3, 1. / 3, 1. / 3});
}

TEST(TypicalP, TiesGoToTheMoreProbableAndAtLeastOneStays) {
  // H = log 2 exactly lies between: both are at distance 0; the lower id comes first.
  expect_near(chances({.typical_p = .1}, logs({.5, .5})), {1, 0});
  expect_near(chances({.typical_p = .6}, logs({.5, .5})), {.5, .5});
}

// Of a vocabulary above what is sorted at once, against the same by sorting everything.
TEST(TypicalP, ALargeVocabularyIsTheSameAsSorted) {
  Rng rng(5);
  Logits logits(5000);
  for (float& x : logits) x = static_cast<float>(3 * rng.normal());
  double total = log_sum_exp(logits), entropy = 0;
  std::vector<std::pair<double, int32_t>> order;
  for (float x : logits) entropy -= std::exp(x - total) * (x - total);
  for (size_t i = 0; i < logits.size(); ++i)
    order.emplace_back(std::abs(total - logits[i] - entropy), static_cast<int32_t>(i));
  std::sort(order.begin(), order.end());
  double sum = 0;
  size_t count = 0;
  while (sum < .7) sum += std::exp(logits[static_cast<size_t>(order[count++].second)] - total);
  std::vector<double> got = chances({.typical_p = .7}, logits);
  for (size_t i = 0; i < order.size(); ++i) EXPECT_EQ(got[static_cast<size_t>(order[i].second)] > 0, i < count) << i;
}

// Top-p of a large vocabulary sorts what it keeps alone: the same tokens as by sorting all, also where the last of them
// reaches p exactly.
TEST(TopP, ALargeVocabularyIsTheSameAsSorted) {
  Rng rng(6);
  for (double scale : {.1, 1., 4.}) {
    Logits logits(3000);
    for (float& x : logits) x = static_cast<float>(scale * rng.normal());
    std::vector<float> best(logits);
    std::sort(best.begin(), best.end(), std::greater<>());
    const double total = log_sum_exp(logits);
    double sum = 0;
    size_t count = 0;
    while (sum < .8) sum += std::exp(best[count++] - total);
    std::vector<double> got = chances({.top_p = .8}, logits);
    for (size_t i = 0; i < logits.size(); ++i) EXPECT_EQ(got[i] > 0, logits[i] >= best[count - 1]) << i;
  }
  std::vector<double> halves = chances({.top_p = .5}, Logits(1000, 1.f));
  for (size_t i = 0; i < 1000; ++i) EXPECT_EQ(halves[i], i < 500 ? .002 : 0) << i;
}

TEST(TopNSigma, KeepsLogitsWithinNDeviationsOfTheLargest) {
  // Logits -2.303 -1.609 -1.204 -.916: mean -1.508, sigma .519; the largest less sigma is -1.435.
  expect_near(chances({.top_n_sigma = 1}, logs({.1, .2, .3, .4})), {0, 0, 3. / 7, 4. / 7});
  expect_near(chances({.top_n_sigma = 0}, logs({.1, .2, .3, .4})), {.1, .2, .3, .4});
  expect_near(chances({.top_n_sigma = 3}, logs({.1, .2, .3, .4})), {.1, .2, .3, .4});
}

TEST(TopNSigma, IsTheSameAtAnyTemperatureAndPassesOverWhatIsForbidden) {
  std::vector<double> hot = chances({.temperature = 5, .top_n_sigma = 1}, logs({.1, .2, .3, .4}));
  EXPECT_EQ(hot[1], 0);
  EXPECT_GT(hot[2], 0);
  Logits forbidden = logs({.1, .2, .3, .4});
  forbidden.push_back(-INFINITY);
  expect_near(chances({.top_n_sigma = 1}, forbidden), {0, 0, 3. / 7, 4. / 7, 0});
}

TEST(Xtc, LeavesOutAllButTheLeastProbableOfThoseAboveTheThreshold) {
  const Logits four = logs({.4, .3, .2, .1});
  auto certain = [&](double threshold) { return chances({.xtc_probability = 1, .xtc_threshold = threshold}, four); };
  expect_near(certain(.09), {0, 0, 0, 1});
  expect_near(certain(.19), {0, 0, 2. / 3, 1. / 3});
  expect_near(certain(.29), {0, .5, 1. / 3, 1. / 6});
  expect_near(certain(.39), {.4, .3, .2, .1});  // one alone stays
}

TEST(Xtc, WhatIsForbiddenIsNeverTheOneThatStays) {
  Logits forbidden = logs({.4, .3, .2, .1});
  forbidden.push_back(-INFINITY);
  const SamplingOptions all_above{.xtc_probability = 1, .xtc_threshold = 0};
  ASSERT_TRUE(all_above.check().ok());
  expect_near(chances(all_above, forbidden), {0, 0, 0, 1, 0});
  EXPECT_EQ(Sampler(all_above, 5).next(forbidden).id, 3);
}

TEST(Xtc, AChanceIsThatOverBothDraws) {
  // In a quarter of the draws .2 and .1 are left: .75 * .2 + .25 * 2/3.
  expect_near(chances({.xtc_probability = .25, .xtc_threshold = .19}, logs({.4, .3, .2, .1})),
              {.75 * .4, .75 * .3, .75 * .2 + .25 * 2 / 3, .75 * .1 + .25 / 3});
}

TEST(Xtc, DrawsAreThoseWithoutItWhereItLeavesNothingOut) {
  const Logits four = logs({.4, .3, .2, .1});
  Sampler with({.xtc_probability = .5, .xtc_threshold = .45, .seed = 3}, 4), without({.seed = 3}, 4);
  for (int i = 0; i < 64; ++i) EXPECT_EQ(with.next(four).id, without.next(four).id);
}

TEST(Penalties, LookAtTheLastTokensAlone) {
  const Logits equal = {1, 1, 1};
  double less = std::exp(-.5);  // 1 / 2 instead of 1
  expect_near(chances({.repetition_penalty = 2, .penalty_last_n = 2}, equal, {0, 1, 1}),
              {1 / (2 + less), less / (2 + less), 1 / (2 + less)});
  expect_near(chances({.repetition_penalty = 2, .penalty_last_n = 0}, equal, {0, 1}), {1. / 3, 1. / 3, 1. / 3});
  // The token of the prompt takes a place in the window of two, but does not count.
  expect_near(chances({.frequency_penalty = 1, .penalty_last_n = 2}, equal, {1, 0, 0}, 1),
              {std::exp(-2) / (2 + std::exp(-2)), 1 / (2 + std::exp(-2)), 1 / (2 + std::exp(-2))});
  expect_near(chances({.presence_penalty = 1, .penalty_last_n = 2}, equal, {0, 1, 1}, 1),
              chances({.logit_bias = {{1, -1.f}}}, equal));
}

TEST(Penalties, MakeRepeatedTokensLessLikelyAsLlamaCppDoes) {
  const Logits fifths = logs({.2, .2, .2, .2, .2});
  // Logits are negative: times 50 they are gone.
  expect_near(chances({.repetition_penalty = 50}, fifths, {0}), {0, .25, .25, .25, .25}, 1e-5);
  expect_near(chances({.repetition_penalty = 50}, fifths, {0, 1, 2, 0, 0}), {0, 0, 0, .5, .5}, 1e-5);
  expect_near(chances({.presence_penalty = 5, .frequency_penalty = 5}, fifths, {0, 1, 2, 0, 0}),
              {0, .000023, .000023, .499977, .499977}, 1e-5);
}

// Mirostat 2 on .5 .25 .125 .125 (surprises 1, 2, 3, 3 bits) with tau = 1: mu = 2 keeps the first two.
TEST(Mirostat, Version2KeepsThoseWhoseSurpriseIsAtMostMu) {
  const Logits halves = logs({.5, .25, .125, .125});
  expect_near(chances({.mirostat = 2, .mirostat_tau = 1.01}, halves), {2. / 3, 1. / 3, 0, 0});
  expect_near(chances({.mirostat = 2, .mirostat_tau = .1}, halves), {1, 0, 0, 0});
  expect_near(chances({.mirostat = 2, .mirostat_tau = 2}, halves), {.5, .25, .125, .125});
}

// p_i ~ 1 / i^2 over 1000 tokens: s = 2 to rounding, e = 1, N^-e = .001. mu = 2 tau = 6: k = (64 / .999)^(1/2) = 8.004.
TEST(Mirostat, Version1TakesTheKOfZipfsLaw) {
  Logits zipf;
  for (int i = 1; i <= 1000; ++i) zipf.push_back(static_cast<float>(-2 * std::log(i)));
  std::vector<double> got = chances({.mirostat = 1, .mirostat_tau = 3}, zipf);
  EXPECT_GT(got[7], 0);
  EXPECT_EQ(got[8], 0);
}

TEST(Mirostat, KeepsTheSurpriseNearTau) {
  Logits zipf;  // the most probable token has a surprise of 1.3 bits, all of them one of 4.3 at the mean
  for (int i = 1; i <= 500; ++i) zipf.push_back(static_cast<float>(-1.5 * std::log(i)));
  const double total = log_sum_exp(zipf);
  for (int64_t version : {1, 2}) {
    for (double tau : {2., 3.5}) {
      Sampler sampler({.mirostat = version, .mirostat_tau = tau, .seed = 4}, 500);
      double sum = 0;
      constexpr int kDraws = 4000;
      for (int i = 0; i < kDraws; ++i) {
        Candidate c = sampler.next(zipf);
        EXPECT_NEAR(c.logprob, zipf[static_cast<size_t>(c.id)] - total, 1e-9);
        sum -= c.logprob / std::log(2);
      }
      EXPECT_NEAR(sum / kDraws, tau, .05) << "version " << version;
    }
  }
}

TEST(Mirostat, StandsInPlaceOfWhatKeepsAPart) {
  const Logits halves = logs({.5, .25, .125, .125});
  EXPECT_EQ(chances({.top_k = 1, .top_p = .1, .xtc_probability = 1, .mirostat = 2, .mirostat_tau = 2}, halves),
            chances({.mirostat = 2, .mirostat_tau = 2}, halves));
  expect_near(chances({.temperature = 0, .mirostat = 1}, halves), {1, 0, 0, 0});
}

// Typical-p may leave out the most probable token: min-p asks for a share of the largest that is left.
TEST(Order, MinPFollowsTypicalP) {
  expect_near(chances({.typical_p = .5, .min_p = .9}, logs({.4, .2, .2, .2})), {0, 1. / 3, 1. / 3, 1. / 3});
}

// For each line of the table, options that make it do something.
const std::map<std::string, SamplingOptions>& examples() {
  static const std::map<std::string, SamplingOptions> kExamples = {
      {"repetition_penalty", {.repetition_penalty = 1.7, .penalty_last_n = 3}},
      {"presence_frequency", {.presence_penalty = .5, .frequency_penalty = .3}},
      {"logit_bias", {.logit_bias = {{2, 1.5f}, {0, -1.f}}}},
      {"dry", {.dry_multiplier = .8}},
      {"top_n_sigma", {.top_n_sigma = 1.2}},
      {"temperature", {.temperature = 1.6}},
      {"mirostat", {.mirostat = 2, .mirostat_tau = 1.2, .mirostat_eta = 0}},
      {"top_k", {.top_k = 4}},
      {"typical_p", {.typical_p = .6}},
      {"top_p", {.top_p = .7}},
      {"min_p", {.min_p = .3}},
      {"xtc", {.xtc_probability = .4, .xtc_threshold = .12}},
  };
  return kExamples;
}

// Each sampler has read "0 1 2 3 0 1 2": a repetition goes on with 3.
Sampler sampler_of(SamplingOptions options, uint64_t seed) {
  options.seed = seed;
  Sampler sampler(options, 8);
  for (int32_t id : {0, 1, 2, 3}) sampler.observe(id);
  for (int32_t id : {0, 1, 2}) sampler.observe(id, true);
  return sampler;
}

class EverySampler : public testing::TestWithParam<const SamplerEntry*> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(examples().contains(std::string(GetParam()->name))) << "give it an example";
    options_ = examples().at(std::string(GetParam()->name));
  }
  SamplingOptions options_;
  const Logits logits_ = logs({.3, .21, .16, .12, .09, .06, .04, .02});
};

TEST_P(EverySampler, ChangesChances) {
  ASSERT_TRUE(options_.check().ok());
  ASSERT_NE(GetParam()->make(options_), nullptr);
  Sampler with = sampler_of(options_, 1), without = sampler_of({}, 1);
  with.next(logits_);
  without.next(logits_);
  double off = 0;
  for (int32_t id = 0; id < 8; ++id) off += std::abs(with.chance(id) - without.chance(id));
  EXPECT_GT(off, .01);
}

TEST_P(EverySampler, TokensComeAsOftenAsTheirChancesSay) {
  Sampler sampler = sampler_of(options_, 2);
  constexpr int kDraws = 20000;
  std::vector<int> count(8);
  for (int i = 0; i < kDraws; ++i) {
    Candidate c = sampler.next(logits_);
    EXPECT_EQ(c.chance, sampler.chance(c.id));
    ++count[static_cast<size_t>(c.id)];
  }
  double total = 0;
  for (int32_t id = 0; id < 8; ++id) {
    const double p = sampler.chance(id);
    total += p;
    const double deviation = std::sqrt(kDraws * p * (1 - p));
    EXPECT_NEAR(count[static_cast<size_t>(id)], kDraws * p, 4.5 * deviation + 1e-6) << "token " << id;
  }
  EXPECT_NEAR(total, 1, 1e-9);
}

TEST_P(EverySampler, ACopyGoesOnFromTheSameState) {
  options_.mirostat_eta = .5;
  Sampler sampler = sampler_of(options_, 3);
  for (int i = 0; i < 20; ++i) sampler.observe(sampler.next(logits_).id, true);
  Sampler copy = sampler;
  std::vector<int32_t> first, second;
  for (int i = 0; i < 20; ++i) {
    first.push_back(sampler.next(logits_).id);
    sampler.observe(first.back(), true);
  }
  for (int i = 0; i < 20; ++i) {
    second.push_back(copy.next(logits_).id);
    copy.observe(second.back(), true);
  }
  EXPECT_EQ(first, second);
}

TEST_P(EverySampler, TemperatureZeroLeavesTheMostProbable) {
  if (GetParam()->name == "temperature") return;
  options_.temperature = 0;
  Sampler sampler = sampler_of(options_, 5);
  Candidate c = sampler.next(logits_);
  EXPECT_EQ(c.chance, 1);
  EXPECT_EQ(sampler.next(logits_).id, c.id);
  if (GetParam()->truncates) {
    EXPECT_EQ(c.id, 0);
  }
}

TEST_P(EverySampler, BearsLogitsThatAreNoNumbersAndSingleTokens) {
  const float nan = std::nanf("");
  for (const Logits& strange :
       {Logits(8, nan), Logits(8, -INFINITY), Logits(8, 0.f), Logits{1, nan, -INFINITY, 2, nan, nan, nan, 3}}) {
    Sampler sampler = sampler_of(options_, 4);
    for (int i = 0; i < 5; ++i) {
      int32_t id = sampler.next(strange).id;
      EXPECT_TRUE(id >= 0 && id < 8);
    }
  }
  EXPECT_EQ(Sampler(options_, 1).next(Logits{2}).id, 0);
}

INSTANTIATE_TEST_SUITE_P(Table, EverySampler, testing::ValuesIn(sampler_table().begin(), sampler_table().end()),
                         [](const auto& info) { return std::string(info.param->name); });

}  // namespace
}  // namespace malmoi::infer
