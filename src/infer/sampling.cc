#include "infer/sampling.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace malmoi::infer {

double log_sum_exp(std::span<const float> logits) {
  float top = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (float x : logits) sum += std::exp(static_cast<double>(x - top));
  return static_cast<double>(top) + std::log(sum);
}

std::vector<Candidate> top_candidates(std::span<const float> logits, int64_t k) {
  auto n = static_cast<size_t>(std::clamp<int64_t>(k, 0, static_cast<int64_t>(logits.size())));
  if (n == 0) return {};
  std::vector<int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  auto better = [&](int32_t a, int32_t b) {
    float x = logits[static_cast<size_t>(a)], y = logits[static_cast<size_t>(b)];
    if (std::isnan(x) || std::isnan(y)) return std::isnan(x) == std::isnan(y) ? a < b : std::isnan(y);
    return x != y ? x > y : a < b;
  };
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(n), order.end(), better);
  double total = log_sum_exp(logits);
  std::vector<Candidate> best(n);
  for (size_t i = 0; i < n; ++i)
    best[i] = {order[i], static_cast<double>(logits[static_cast<size_t>(order[i])]) - total};
  return best;
}

Sampler::Sampler(const SamplingOptions& options, int64_t vocab_size)
    : vocab_size_(vocab_size), rng_(options.seed, 0x73616D706C65) {
  for (const SamplerEntry* entry : sampler_table()) {
    if (options.mirostat > 0 && entry->truncates) continue;
    if (auto step = entry->make(options)) steps_.emplace_back(std::move(step));
  }
}

void Sampler::observe(int32_t id, bool generated) {
  if (id < 0 || id >= vocab_size_) return;
  for (const StepValue& step : steps_) step->observe(id, generated);
}

Candidate Sampler::next(std::span<const float> logits, std::span<const float> original) {
  candidates_.begin(logits);
  for (const StepValue& step : steps_) step->apply(candidates_);
  candidates_.close();
  const int32_t id = candidates_.draw(rng_.uniform());
  for (const StepValue& step : steps_) step->drawn(candidates_, id);
  return {id, static_cast<double>(original[static_cast<size_t>(id)]) - log_sum_exp(original), chance(id)};
}

}  // namespace malmoi::infer
