#include "infer/sampling.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace malmoi::infer {
namespace {

Error out_of_range(const char* name, const char* range) {
  return usage_error(std::string(name) + " is out of range", "sampling", std::string("use ") + range);
}

}  // namespace

Status SamplingOptions::check() const {
  if (!(temperature >= 0 && temperature <= 100)) return out_of_range("temperature", "0 to 100");
  if (top_k < 0) return out_of_range("top_k", "0 (all) or more");
  if (!(top_p > 0 && top_p <= 1)) return out_of_range("top_p", "above 0, at most 1");
  if (!(min_p >= 0 && min_p <= 1)) return out_of_range("min_p", "0 to 1");
  if (!(repetition_penalty > 0 && repetition_penalty <= 100)) return out_of_range("repetition_penalty", "above 0, at most 100");
  return {};
}

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
    return x != y ? x > y : a < b;
  };
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(n), order.end(), better);
  double total = log_sum_exp(logits);
  std::vector<Candidate> best(n);
  for (size_t i = 0; i < n; ++i) best[i] = {order[i], static_cast<double>(logits[static_cast<size_t>(order[i])]) - total};
  return best;
}

Sampler::Sampler(const SamplingOptions& options, int64_t vocab_size)
    : options_(options), rng_(options.seed, 0x73616D706C65), seen_(static_cast<size_t>(vocab_size), 0) {}

void Sampler::observe(int32_t id) {
  if (id >= 0 && static_cast<size_t>(id) < seen_.size()) seen_[static_cast<size_t>(id)] = 1;
}

Candidate Sampler::next(std::span<const float> logits) {
  work_.assign(logits.begin(), logits.end());
  if (options_.repetition_penalty != 1) {
    auto r = static_cast<float>(options_.repetition_penalty);
    for (size_t i = 0; i < work_.size(); ++i) {
      if (seen_[i]) work_[i] = work_[i] > 0 ? work_[i] / r : work_[i] * r;
    }
  }
  for (auto [id, bias] : options_.logit_bias) {
    if (id >= 0 && static_cast<size_t>(id) < work_.size()) work_[static_cast<size_t>(id)] += bias;
  }
  auto raw = [&](int32_t id) { return static_cast<double>(logits[static_cast<size_t>(id)]) - log_sum_exp(logits); };
  double draw = rng_.uniform();  // drawn always, so that the n-th draw is the n-th whatever the options
  if (options_.temperature == 0) {
    auto best = static_cast<int32_t>(std::max_element(work_.begin(), work_.end()) - work_.begin());
    return {best, raw(best)};
  }
  order_.resize(work_.size());
  std::iota(order_.begin(), order_.end(), 0);
  auto better = [&](int32_t a, int32_t b) {
    float x = work_[static_cast<size_t>(a)], y = work_[static_cast<size_t>(b)];
    return x != y ? x > y : a < b;
  };
  size_t kept = work_.size();
  if (options_.top_k > 0 && static_cast<size_t>(options_.top_k) < kept) {
    kept = static_cast<size_t>(options_.top_k);
    std::partial_sort(order_.begin(), order_.begin() + static_cast<std::ptrdiff_t>(kept), order_.end(), better);
  } else if (options_.top_p < 1) {
    std::sort(order_.begin(), order_.end(), better);
  }
  float top = *std::max_element(work_.begin(), work_.end());
  auto weight = [&](size_t i) {
    return std::exp((static_cast<double>(work_[static_cast<size_t>(order_[i])]) - static_cast<double>(top)) / options_.temperature);
  };
  double total = 0;
  for (size_t i = 0; i < kept; ++i) total += weight(i);
  if (options_.top_p < 1) {
    double sum = 0, wanted = options_.top_p * total;
    size_t i = 0;
    while (i < kept && sum < wanted) sum += weight(i++);
    kept = std::max<size_t>(i, 1);
    total = sum;
  }
  // min-p keeps a token by its own weight, wherever it stands: the largest weight is exp(0) = 1.
  double least = options_.min_p;
  if (least > 0) {
    total = 0;
    for (size_t i = 0; i < kept; ++i) total += weight(i) >= least ? weight(i) : 0;
  }
  double target = draw * total, sum = 0;
  int32_t chosen = -1;
  for (size_t i = 0; i < kept; ++i) {
    double w = weight(i);
    if (w < least) continue;
    chosen = order_[i];
    sum += w;
    if (sum > target) break;
  }
  return {chosen, raw(chosen)};
}

}  // namespace malmoi::infer
