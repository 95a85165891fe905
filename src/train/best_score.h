// The best evaluation of a run so far, by the metric that chooses it: a lower loss; of all else, more.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>

#include "train/metrics_file.h"

namespace malmoi::train {

/// A value.
struct BestScore {
  std::string metric = "loss";  // train.best_metric
  double min_delta = 0;         // what is better by less is not
  int64_t step = -1;            // of the best; -1: there is none
  double score = 0, loss = 0;   // by the metric, and the validation loss

  bool by_loss() const { return metric == "loss"; }

  /// Of an evaluation; NaN where the metric was not measured.
  double of(const StepMetrics& metrics) const {
    if (by_loss()) return metrics.valid_loss.value_or(NAN);
    auto found = std::ranges::find(metrics.figures, "valid_" + metric, &std::pair<std::string, double>::first);
    return found == metrics.figures.end() ? NAN : found->second;
  }

  bool is_better(double other) const {
    if (!std::isfinite(other)) return false;
    return step < 0 || (by_loss() ? other < score - min_delta : other > score + min_delta);
  }
};

}  // namespace malmoi::train
