// Scores of whole evaluations: ranks with ties, labels that never come, numbers that are not finite.
#include "train/scores.h"

#include <gtest/gtest.h>

#include <cmath>

namespace malmoi::train {
namespace {

TEST(Scores, SpearmanIsTheCorrelationOfRanks) {
  EXPECT_DOUBLE_EQ(spearman({.wanted = {1, 2, 3, 4}, .given = {0.1, 0.4, 0.5, 9}}), 1);
  EXPECT_DOUBLE_EQ(spearman({.wanted = {1, 2, 3, 4}, .given = {4, 3, 2, -7}}), -1);
  // Ranks 0, 1.5, 1.5, 3 against 0, 1, 2, 3.
  EXPECT_DOUBLE_EQ(spearman({.wanted = {1, 2, 2, 4}, .given = {1, 2, 3, 4}}), 4.5 / std::sqrt(4.5 * 5));
  EXPECT_EQ(spearman({.wanted = {1, 1, 1}, .given = {1, 2, 3}}), 0) << "what does not vary";
  EXPECT_EQ(spearman({}), 0);
}

TEST(Scores, WhatIsNotFiniteHasNoRank) {
  EXPECT_TRUE(std::isnan(spearman({.wanted = {1, 2, 3}, .given = {NAN, 2, NAN}})));
  EXPECT_TRUE(std::isnan(spearman({.wanted = {1, INFINITY}, .given = {1, 2}})));
}

TEST(Scores, F1IsAMeanOverTheLabelsThatCome) {
  const Predictions predictions{.targets = {0, 0, 1, 1}, .predicted = {0, 1, 1, 5}};
  EXPECT_DOUBLE_EQ(accuracy(predictions), 0.5);
  EXPECT_DOUBLE_EQ(macro_f1(predictions), (2.0 / 3 + 0.5 + 0) / 3);
  EXPECT_EQ(macro_f1({}), 0);
}

}  // namespace
}  // namespace malmoi::train
