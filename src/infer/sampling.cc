#include "infer/sampling.h"

#include <algorithm>
#include <cmath>
#include <limits>
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
    : options_(options), rng_(options.seed, 0x73616D706C65), seen_(static_cast<size_t>(vocab_size), 0) {
  if (options_.presence_penalty != 0 || options_.frequency_penalty != 0) counts_.resize(seen_.size());
}

void Sampler::observe(int32_t id, bool generated) {
  if (id < 0 || static_cast<size_t>(id) >= seen_.size()) return;
  seen_[static_cast<size_t>(id)] = 1;
  if (generated && !counts_.empty()) ++counts_[static_cast<size_t>(id)];
}

bool Sampler::better(int32_t a, int32_t b) const {
  float x = work_[static_cast<size_t>(a)], y = work_[static_cast<size_t>(b)];
  return x != y ? x > y : a < b;
}

// The largest has weight exp(0) = 1.
double Sampler::weight(int32_t id) const {
  return std::exp((static_cast<double>(work_[static_cast<size_t>(id)]) - static_cast<double>(largest_)) /
                  options_.temperature);
}

void Sampler::adjust(std::span<const float> logits) {
  work_.assign(logits.begin(), logits.end());
  if (options_.repetition_penalty != 1) {
    auto r = static_cast<float>(options_.repetition_penalty);
    for (size_t i = 0; i < work_.size(); ++i) {
      if (seen_[i]) work_[i] = work_[i] > 0 ? work_[i] / r : work_[i] * r;
    }
  }
  for (size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] > 0)
      work_[i] -= static_cast<float>(options_.presence_penalty + options_.frequency_penalty * counts_[i]);
  }
  for (auto [id, bias] : options_.logit_bias) {
    if (id >= 0 && static_cast<size_t>(id) < work_.size()) work_[static_cast<size_t>(id)] += bias;
  }
  // A logit that is not a number would break every order below; it is never drawn.
  for (float& x : work_) x = std::isnan(x) ? -std::numeric_limits<float>::infinity() : x;
  largest_ = *std::max_element(work_.begin(), work_.end());
}

// top-k and top-p: puts those that stay at the head of order_.
void Sampler::keep_largest() {
  order_.resize(work_.size());
  std::iota(order_.begin(), order_.end(), 0);
  kept_ = work_.size();
  auto before = [this](int32_t a, int32_t b) { return better(a, b); };
  sorted_ = true;
  if (options_.top_k > 0 && static_cast<size_t>(options_.top_k) < kept_) {
    kept_ = static_cast<size_t>(options_.top_k);
    std::partial_sort(order_.begin(), order_.begin() + static_cast<std::ptrdiff_t>(kept_), order_.end(), before);
  } else if (options_.top_p < 1) {
    std::sort(order_.begin(), order_.end(), before);
  } else {
    sorted_ = false;
  }
  if (options_.top_p >= 1) return;
  double total = 0, sum = 0;
  for (size_t i = 0; i < kept_; ++i) total += weight(order_[i]);
  size_t i = 0;
  while (i < kept_ && sum < options_.top_p * total) sum += weight(order_[i++]);
  kept_ = std::max<size_t>(i, 1);
}

double Sampler::chance(int32_t id) const {
  if (id < 0 || static_cast<size_t>(id) >= work_.size()) return 0;
  if (options_.temperature == 0) return id == order_[0] ? 1 : 0;
  if (sorted_ && better(order_[kept_ - 1], id)) return 0;
  double w = weight(id);
  return w < options_.min_p ? 0 : w / total_;
}

Candidate Sampler::next(std::span<const float> logits, std::span<const float> original) {
  adjust(logits);
  double draw = rng_.uniform();  // drawn always, so that the n-th draw is the n-th whatever the options
  int32_t chosen = 0;
  if (options_.temperature == 0) {
    chosen = static_cast<int32_t>(std::max_element(work_.begin(), work_.end()) - work_.begin());
    order_.assign(1, chosen);
  } else {
    keep_largest();
    total_ = 0;
    for (size_t i = 0; i < kept_; ++i) {
      double w = weight(order_[i]);
      total_ += w < options_.min_p ? 0 : w;
    }
    double target = draw * total_, sum = 0;
    for (size_t i = 0; i < kept_ && sum <= target; ++i) {
      double w = weight(order_[i]);
      if (w < options_.min_p) continue;
      chosen = order_[i];
      sum += w;
    }
  }
  return {chosen, static_cast<double>(original[static_cast<size_t>(chosen)]) - log_sum_exp(original), chance(chosen)};
}

}  // namespace malmoi::infer
