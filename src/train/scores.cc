#include "train/scores.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace malmoi::train {

namespace {

std::vector<double> ranks_of(const std::vector<double>& numbers) {
  std::vector<size_t> order(numbers.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, {}, [&](size_t i) { return numbers[i]; });
  std::vector<double> ranks(numbers.size());
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin + 1;
    while (end < order.size() && numbers[order[end]] == numbers[order[begin]]) ++end;
    for (size_t i = begin; i < end; ++i) ranks[order[i]] = static_cast<double>(begin + end - 1) / 2;
    begin = end;
  }
  return ranks;
}

}  // namespace

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

double spearman(const Predictions& predictions) {
  auto is_finite = [](double number) { return std::isfinite(number); };  // what is not has no rank
  if (!std::ranges::all_of(predictions.wanted, is_finite) || !std::ranges::all_of(predictions.given, is_finite))
    return NAN;
  const std::vector<double> a = ranks_of(predictions.wanted), b = ranks_of(predictions.given);
  const double mean = (static_cast<double>(a.size()) - 1) / 2;  // of any ranks
  double product = 0, squares_a = 0, squares_b = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    product += (a[i] - mean) * (b[i] - mean);
    squares_a += (a[i] - mean) * (a[i] - mean);
    squares_b += (b[i] - mean) * (b[i] - mean);
  }
  return squares_a > 0 && squares_b > 0 ? product / std::sqrt(squares_a * squares_b) : 0;
}

}  // namespace malmoi::train
