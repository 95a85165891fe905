#include "metrics/bleu.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "metrics/grams.h"

namespace malmoi::metrics {
namespace {

using Words = std::vector<std::string>;

Words words_of(const std::string& text, const BleuOptions& options) {
  // White space at the end is no part of a sentence.
  std::u32string line = code_points(text);
  while (!line.empty() && is_white_space(line.back())) line.pop_back();
  if (options.lowercase) line = lower_case(line);
  return split_words(utf8(line), options.words);
}

// Of several the closest in length, the shorter where two are as close.
int64_t closest_length(size_t length, const std::vector<Words>& references) {
  auto distance = [&](const Words& words) {
    return std::llabs(static_cast<int64_t>(words.size()) - static_cast<int64_t>(length));
  };
  const auto closest = std::min_element(references.begin(), references.end(), [&](const Words& a, const Words& b) {
    return std::pair(distance(a), a.size()) < std::pair(distance(b), b.size());
  });
  return static_cast<int64_t>(closest->size());
}

void add_sentence(const Words& hypothesis, const std::vector<Words>& references, BleuScore& score) {
  score.hypothesis_length += static_cast<int64_t>(hypothesis.size());
  score.reference_length += closest_length(hypothesis.size(), references);
  for (size_t n = 0; n < score.counts.size(); ++n) {
    Grams<std::string> most;
    for (const Words& reference : references) {
      for (const auto& [gram, count] : grams_of(reference, n + 1)) most[gram] = std::max(most[gram], count);
    }
    for (const auto& [gram, count] : grams_of(hypothesis, n + 1)) {
      score.totals[n] += count;
      if (auto found = most.find(gram); found != most.end()) score.counts[n] += std::min(count, found->second);
    }
  }
}

void finish(const BleuOptions& options, BleuScore& score) {
  const auto length = static_cast<double>(score.hypothesis_length),
             wanted = static_cast<double>(score.reference_length);
  score.brevity_penalty = length >= wanted ? 1 : length > 0 ? std::exp(1 - wanted / length) : 0;
  const bool any = std::any_of(score.counts.begin(), score.counts.end(), [](int64_t count) { return count > 0; });
  double smooth = 1;
  size_t orders = options.effective_order ? 0 : score.counts.size();
  double sum = 0;
  bool zero = false;
  for (size_t n = 0; any && n < score.counts.size(); ++n) {
    double correct = static_cast<double>(score.counts[n]), total = static_cast<double>(score.totals[n]);
    if (options.smoothing == Smoothing::kAddK && n > 0) {
      correct += options.smooth_value;
      total += options.smooth_value;
    }
    if (total == 0) break;
    if (options.effective_order) orders = n + 1;
    if (correct == 0 && options.smoothing == Smoothing::kExp) correct = 1 / (smooth *= 2);
    else if (correct == 0 && options.smoothing == Smoothing::kFloor) correct = options.smooth_value;
    score.precisions[n] = 100 * correct / total;
  }
  for (size_t n = 0; n < orders; ++n) {
    zero |= score.precisions[n] <= 0;
    sum += zero ? 0 : std::log(score.precisions[n]);
  }
  if (any && orders > 0 && !zero) score.score = score.brevity_penalty * std::exp(sum / static_cast<double>(orders));
}

}  // namespace

BleuScore bleu(const std::vector<std::string>& hypotheses, const std::vector<std::vector<std::string>>& references,
               const BleuOptions& options) {
  BleuScore score;
  const auto orders = static_cast<size_t>(options.max_order);
  score.counts.assign(orders, 0);
  score.totals.assign(orders, 0);
  score.precisions.assign(orders, 0);
  for (size_t i = 0; i < hypotheses.size(); ++i) {
    std::vector<Words> wanted;
    for (const std::string& reference : references[i]) wanted.push_back(words_of(reference, options));
    add_sentence(words_of(hypotheses[i], options), wanted, score);
  }
  finish(options, score);
  return score;
}

}  // namespace malmoi::metrics
