// Scores of a whole evaluation, out of what was predicted for each target.
#pragma once

#include "train/objective.h"

namespace malmoi::train {

/// The share of targets that were predicted.
double accuracy(const Predictions& predictions);
/// The mean, over the labels that are a target or were predicted, of F1 = 2 TP / (2 TP + FP + FN) (scikit-learn's "macro").
double macro_f1(const Predictions& predictions);
/// Spearman's rank correlation of what was wanted with what was given; equal numbers share the mean of their ranks. 0 where either
/// does not vary, NaN where a number is not finite.
double spearman(const Predictions& predictions);

}  // namespace malmoi::train
