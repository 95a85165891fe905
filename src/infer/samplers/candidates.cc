#include "infer/samplers/candidates.h"

#include <limits>
#include <numeric>

namespace malmoi::infer {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();
// A heap of fewer than one in so many is quicker than dividing all of a vocabulary first.
constexpr size_t kHeapShare = 16;

}  // namespace

void Candidates::begin(std::span<const float> logits) {
  logits_.assign(logits.begin(), logits.end());
  whole_ = true;
  ordered_ = 0;
  exclusion_ = {};
}

void Candidates::weigh(double temperature) {
  for (float& x : logits_) x = std::isnan(x) ? kNever : x;
  auto best = std::max_element(logits_.begin(), logits_.end());
  largest_ = *best;
  temperature_ = temperature == 0 ? 1 : temperature;
  if (temperature != 0) return;
  left_.assign(1, static_cast<int32_t>(best - logits_.begin()));
  whole_ = false;
  ordered_ = 1;
}

double Candidates::total() const {
  double sum = 0;
  visit([&](int32_t id) { sum += weight(id); });
  return sum;
}

double Candidates::largest_weight() const {
  if (whole_) return 1;
  if (sorted()) return weight(left_[0]);
  return weight(*std::min_element(left_.begin(), left_.end(), [this](int32_t a, int32_t b) { return better(a, b); }));
}

std::span<int32_t> Candidates::ids() {
  if (whole_) {
    left_.resize(logits_.size());
    std::iota(left_.begin(), left_.end(), 0);
    whole_ = false;
  }
  ordered_ = 0;
  return left_;
}

void Candidates::order_best(size_t n) {
  n = std::min(n, size());
  if (ordered_ >= n) return;
  std::span<int32_t> all = ids();
  auto before = [this](int32_t a, int32_t b) { return better(a, b); };
  auto middle = all.begin() + static_cast<std::ptrdiff_t>(n);
  if (n < all.size() / kHeapShare) {
    std::partial_sort(all.begin(), middle, all.end(), before);
  } else {
    if (n < all.size()) std::nth_element(all.begin(), middle, all.end(), before);
    std::sort(all.begin(), middle, before);
  }
  ordered_ = n;
}

void Candidates::keep_first(size_t n) {
  n = std::max<size_t>(n, 1);
  if (n >= size()) return;
  const size_t ordered = std::min(ordered_, n);
  ids();
  left_.resize(n);
  ordered_ = ordered;
}

void Candidates::close() {
  total_ = remaining_ = total();
  if (exclusion_.probability > 0) {
    remaining_ = 0;
    visit([&](int32_t id) {
      const double w = weight(id);
      if (!excluded(id, w)) remaining_ += w;
    });
  }
  if (whole_ || left_.size() == 1) return;
  std::vector<float> kept(left_.size());
  for (size_t i = 0; i < kept.size(); ++i) kept[i] = logits_[static_cast<size_t>(left_[i])];
  std::fill(logits_.begin(), logits_.end(), kNever);
  for (size_t i = 0; i < kept.size(); ++i) logits_[static_cast<size_t>(left_[i])] = kept[i];
}

int32_t Candidates::draw(double uniform) const {
  const double target = uniform * (exclusion_.now ? remaining_ : total_);
  int32_t chosen = id_at(0);
  double sum = 0;
  for (size_t i = 0; i < size() && sum <= target; ++i) {
    double w = weight(id_at(i));
    if (exclusion_.now && excluded(id_at(i), w)) continue;
    chosen = id_at(i);
    sum += w;
  }
  return chosen;
}

double Candidates::chance(int32_t id) const {
  if (id < 0 || static_cast<size_t>(id) >= logits_.size()) return 0;
  if (size() == 1) return id == id_at(0) ? 1 : 0;
  const double w = weight(id), q = exclusion_.probability;
  if (q == 0) return w / total_;
  return (1 - q) * (w / total_) + (excluded(id, w) ? 0 : q * (w / remaining_));
}

}  // namespace malmoi::infer
