// The cross-entropy of the model's own head with one target a row: what most objectives are.
#pragma once

#include "train/objective.h"

namespace malmoi::train {

struct CrossEntropyOptions {
  float label_smoothing = 0, z_weight = 0;
  bool accuracy = false;                   // tells the share of rows whose largest logit is the target's
  bool f1 = false;                         // of evaluations: the mean over the labels of their F1
  std::vector<float> target_weights = {};  // by target; empty: all 1
};

/// Reads `label_smoothing` and `z_loss`.
void read_smoothing(ConfigReader& reader, ObjectiveConfig& config);
/// With what was read of them.
CrossEntropyOptions smoothed(const ObjectiveConfig& config);

class CrossEntropy : public Objective {
 public:
  explicit CrossEntropy(const CrossEntropyOptions& options = {}) : options_(options) {}
  Counts count(const Examples& examples) const override;
  LossSums accumulate(autograd::Context& context, const model::Model& model, const Examples& examples,
                      const Counts& whole) const override;
  std::vector<Figure> figures_of(const Predictions& predictions) const override;
  /// Runs of `length` tokens with a target each.
  void append_rehearsal(int64_t batch, int64_t length, Examples& out) const override;

 private:
  double weight_of(int32_t target) const;
  CrossEntropyOptions options_;
};

}  // namespace malmoi::train
