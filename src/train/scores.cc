#include "train/scores.h"

#include <map>

namespace malmoi::train {

double accuracy(const Predictions& predictions) {
  double right = 0;
  for (size_t i = 0; i < predictions.targets.size(); ++i) right += predictions.targets[i] == predictions.predicted[i];
  return predictions.targets.empty() ? 0 : right / static_cast<double>(predictions.targets.size());
}

double macro_f1(const Predictions& predictions) {
  struct Count {
    double hits = 0, predicted = 0, targets = 0;
  };
  std::map<int32_t, Count> labels;
  for (size_t i = 0; i < predictions.targets.size(); ++i) {
    labels[predictions.targets[i]].targets += 1;
    labels[predictions.predicted[i]].predicted += 1;
    if (predictions.targets[i] == predictions.predicted[i]) labels[predictions.targets[i]].hits += 1;
  }
  double sum = 0;
  for (const auto& [label, count] : labels) sum += 2 * count.hits / (count.predicted + count.targets);
  return labels.empty() ? 0 : sum / static_cast<double>(labels.size());
}

}  // namespace malmoi::train
