// What texts of several labels differ in by their letters alone: the baseline that a language model has to beat.
//
// Multinomial logistic regression over hashed n-grams of 1 to 4 characters, x = (1 + log count) * idf, of length 1 (Salton & Buckley
// 1988), trained by AdaGrad on the log loss.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace malmoi::data {

struct LabelTraining {
  int order = 4;  // characters of the longest n-grams
  int bits = 20;  // log2 of the number of weights of each label
  int epochs = 8;
  double rate = 0.3;
  double decay = 1e-6;  // L2, per step
  uint64_t seed = 1;
};

/// Immutable after training; thread-safe.
class LabelModel {
 public:
  /// `labels[i]` in [0, classes) is that of texts[i]. Deterministic. Errors: fewer than two classes.
  static Result<LabelModel> train(std::span<const std::string> texts, std::span<const int32_t> labels, int32_t classes,
                                  const LabelTraining& options = {});
  /// The probability of each label.
  std::vector<double> probabilities(std::string_view text) const;

 private:
  struct Feature {
    uint32_t index;
    float value;
  };
  std::vector<Feature> features(std::string_view text) const;
  std::vector<double> scores(const std::vector<Feature>& features) const;

  int order_ = 4;
  int32_t classes_ = 0;
  std::vector<float> idf_, weights_, bias_;  // weights: [feature, class]
};

}  // namespace malmoi::data
