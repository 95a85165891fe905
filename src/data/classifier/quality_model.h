// A small classifier of texts, good against bad: logistic regression over hashed n-grams, trained in seconds.
//
// p = sigmoid(b + sum_i w[h(f_i)] x_i) over word unigrams and bigrams and character 3- and 4-grams, x_i = 1/sqrt(n)
// (Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", 2009); trained by AdaGrad on the log loss.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace malmoi::data {

struct QualityTraining {
  int bits = 18;  // log2 of the number of weights
  int epochs = 5;
  double rate = 0.5;
  double decay = 1e-6;  // L2, a step
  uint64_t seed = 1;
};

/// Immutable after training or loading; thread-safe.
class QualityModel {
 public:
  /// Texts and whether each is good. Deterministic: one seed, one model. Errors: no example of a class.
  static Result<QualityModel> train(std::span<const std::string> texts, std::span<const uint8_t> good,
                                    const QualityTraining& options);
  static Result<QualityModel> load(const Path& path);
  Status save(const Path& path) const;

  /// The probability that a text is good. Long texts are judged by their first 100,000 bytes.
  double score(std::string_view text) const;

 private:
  std::vector<float> weights_;
  float bias_ = 0;
};

}  // namespace malmoi::data
