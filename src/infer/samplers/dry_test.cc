// DRY's penalties: lengths of repetitions, breakers, windows.
#include <gtest/gtest.h>

#include <cmath>

#include "infer/samplers/test_chances.h"
#include "infer/sampling.h"

namespace malmoi::infer {
namespace {

using Text = std::vector<int32_t>;

struct Settings {
  double multiplier = 1, base = 1.1;
  int64_t allowed = 2, last_n = -1;
  chat::SequenceBreakers breakers = {};
};

// What is taken from the logit of each of five tokens behind a text.
std::vector<double> penalties(const Text& text, const Settings& settings, int64_t vocab_size = 5) {
  SamplingOptions options{.dry_multiplier = settings.multiplier,
                          .dry_base = settings.base,
                          .dry_allowed_length = settings.allowed,
                          .dry_penalty_last_n = settings.last_n,
                          .breakers = std::make_shared<chat::SequenceBreakers>(settings.breakers)};
  Sampler sampler(options, vocab_size);
  for (int32_t id : text) sampler.observe(id);
  sampler.next(std::vector<float>(static_cast<size_t>(vocab_size), 0.f));
  double most = 0;
  for (int32_t id = 0; id < vocab_size; ++id) most = std::max(most, sampler.chance(id));
  std::vector<double> taken;
  for (int32_t id = 0; id < vocab_size; ++id) taken.push_back(std::log(most / sampler.chance(id)));
  return taken;
}

void expect_penalties(const Text& text, const Settings& settings, const std::vector<double>& want) {
  expect_near(penalties(text, settings), want, 1e-5);
}

// The cases of llama.cpp's tests/test-sampling.cpp, whose chances follow from these penalties.
TEST(Dry, TakesFromTheTokenThatWouldGoOnWithARepetition) {
  expect_penalties({0, 1}, {.last_n = 4}, {0, 0, 0, 0, 0});
  expect_penalties({0, 1, 2, 0, 1}, {.last_n = 5}, {0, 0, 1, 0, 0});  // 1.1^(2 - 2)
  expect_penalties({0, 1, 3, 4, 0, 1}, {.last_n = 6, .breakers = {{3, {{}}}}}, {0, 0, 0, 0, 0});
  expect_penalties({0, 1, 2, 0, 1}, {.multiplier = 2, .last_n = 5}, {0, 0, 2, 0, 0});
  expect_penalties({0, 1, 2, 3, 4, 0, 1}, {.allowed = 4, .last_n = 7}, {0, 0, 0, 0, 0});
}

TEST(Dry, EachFurtherTokenMultipliesThePenalty) {
  // "0 1 2 3" and "0 1 2 3" again: 4 tokens repeated, one allowed: 2 * 3^3.
  expect_penalties({0, 1, 2, 3, 4, 0, 1, 2, 3}, {.multiplier = 2, .base = 3, .allowed = 1}, {0, 0, 0, 0, 54});
  // Of several places the longest counts: "1 2" then 3, "0 1 2" then 4.
  expect_penalties({1, 2, 3, 0, 1, 2, 4, 0, 1, 2}, {.base = 2, .allowed = 1}, {0, 0, 0, 2, 4});
}

TEST(Dry, ARepetitionMayOverlapItself) {
  // 0 0 0 0 0: the last four stood there before, followed by 0.
  expect_penalties({0, 0, 0, 0, 0}, {.base = 2, .allowed = 1}, {8, 0, 0, 0, 0});
}

// Against comparing every place with the end, token by token.
TEST(Dry, LengthsAreThoseOfPlainComparison) {
  Rng rng(11);
  for (int round = 0; round < 50; ++round) {
    Text text;
    for (int i = 0; i < 60; ++i) text.push_back(static_cast<int32_t>(rng.below(3)));
    std::vector<double> want(5, 0);
    for (size_t at = 0; at + 1 < text.size(); ++at) {  // a repetition that ends at `at`
      size_t n = 0;
      while (n <= at && text[at - n] == text[text.size() - 1 - n]) ++n;
      double& penalty = want[static_cast<size_t>(text[at + 1])];
      if (n >= 2) penalty = std::max(penalty, .1 * std::pow(1.5, static_cast<double>(n) - 2));
    }
    expect_penalties(text, {.multiplier = .1, .base = 1.5}, want);
  }
}

TEST(Dry, ABreakerEndsARepetition) {
  // Without it the last four tokens are repeated, with it those behind the 1.
  const Text text = {0, 1, 2, 3, 4, 0, 1, 2, 3};
  expect_penalties(text, {.base = 2}, {0, 0, 0, 0, 4});
  expect_penalties(text, {.base = 2, .breakers = {{1, {{}}}}}, {0, 0, 0, 0, 1});
  // Of two tokens, "0 1"; "0 2" stands nowhere.
  expect_penalties(text, {.base = 2, .breakers = {{0, {{1}, {2}}}}}, {0, 0, 0, 0, 1});
  expect_penalties(text, {.base = 2, .breakers = {{0, {{2}}}}}, {0, 0, 0, 0, 4});
  // A breaker costs nothing itself.
  expect_penalties(text, {.base = 2, .breakers = {{4, {{}}}}}, {0, 0, 0, 0, 0});
}

TEST(Dry, LooksAtTheLastTokensAlone) {
  const Text text = {0, 1, 2, 3, 0, 1, 4, 0, 1};
  expect_penalties(text, {}, {0, 0, 1, 0, 1});
  expect_penalties(text, {.last_n = 5}, {0, 0, 0, 0, 1});
  expect_penalties(text, {.last_n = 0}, {0, 0, 0, 0, 0});
}

TEST(Dry, AVeryLongRepetitionStaysFinite) {
  SamplingOptions options{.dry_multiplier = 100, .dry_base = 100};
  Sampler sampler(options, 2);
  for (int i = 0; i < 5000; ++i) sampler.observe(0);
  EXPECT_EQ(sampler.next(std::vector<float>{0, -INFINITY}).id, 0) << "the only token that is allowed";
  EXPECT_EQ(sampler.next(std::vector<float>{50, 0}).id, 1);
}

}  // namespace
}  // namespace malmoi::infer
