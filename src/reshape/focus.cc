#include "reshape/focus.h"

#include <algorithm>
#include <cmath>

#include "base/rng.h"

namespace malmoi::reshape {
namespace {

constexpr uint64_t kFocusKey = 0xF0C5;

// Adds scale times the random vector of a token, whose elements are 1 or -1.
void add_random(float* to, size_t width, int32_t token, float scale) {
  for (size_t at = 0; at < width; at += 128) {
    const auto bits = philox(kFocusKey, static_cast<uint64_t>(token), at / 128);
    for (size_t i = at; i < std::min(width, at + 128); ++i)
      to[i] += (bits[(i - at) / 32] >> ((i - at) % 32) & 1) != 0 ? scale : -scale;
  }
}

}  // namespace

AuxiliaryVectors::AuxiliaryVectors(int32_t vocab_size)
    : counts_(static_cast<size_t>(vocab_size)), values_(static_cast<size_t>(vocab_size) * kWidth) {}

void AuxiliaryVectors::count(std::span<const int32_t> ids) {
  for (int32_t id : ids) ++counts_[static_cast<size_t>(id)];
  total_ += ids.size();
}

void AuxiliaryVectors::learn(std::span<const int32_t> ids) {
  const auto n = static_cast<int64_t>(ids.size());
  for (int64_t i = 0; i < n; ++i) {
    float* own = values_.data() + static_cast<size_t>(ids[static_cast<size_t>(i)]) * kWidth;
    for (int64_t j = std::max<int64_t>(i - kWindow, 0); j <= std::min(i + kWindow, n - 1); ++j) {
      if (j == i) continue;
      const auto other = static_cast<size_t>(ids[static_cast<size_t>(j)]);
      const double rarity =
          std::log(static_cast<double>(total_) / static_cast<double>(std::max<uint64_t>(counts_[other], 1)));
      add_random(own, kWidth, static_cast<int32_t>(other), static_cast<float>(rarity));
    }
  }
}

void AuxiliaryVectors::finish() {
  std::vector<double> mean(kWidth);
  for (size_t at = 0; at < values_.size(); ++at) mean[at % kWidth] += static_cast<double>(values_[at]);
  for (double& value : mean) value /= static_cast<double>(std::max<uint64_t>(total_, 1));
  for (size_t id = 0; id < counts_.size(); ++id) {
    float* own = values_.data() + id * kWidth;
    double squares = 0;
    for (size_t i = 0; i < kWidth; ++i) {
      own[i] -= static_cast<float>(mean[i] * static_cast<double>(counts_[id]));
      squares += static_cast<double>(own[i]) * static_cast<double>(own[i]);
    }
    const float scale = squares > 0 ? static_cast<float>(1 / std::sqrt(squares)) : 0;
    for (size_t i = 0; i < kWidth; ++i) own[i] *= scale;
  }
}

WeightedIds AuxiliaryVectors::like(int32_t token, int32_t old_size) const {
  if (counts_[static_cast<size_t>(token)] == 0) return {};
  WeightedIds scores;
  for (int32_t id = 0; id < std::min(old_size, static_cast<int32_t>(counts_.size())); ++id) {
    if (id == token || counts_[static_cast<size_t>(id)] == 0) continue;
    float cosine = 0;
    for (size_t i = 0; i < kWidth; ++i) cosine += vector(token)[i] * vector(id)[i];
    scores.emplace_back(id, cosine);
  }
  return sparsemax(std::move(scores));
}

WeightedIds sparsemax(WeightedIds scores) {
  std::ranges::stable_sort(scores, [](const auto& a, const auto& b) { return a.second > b.second; });
  double sum = 0, threshold = 0;
  size_t kept = 0;
  for (const auto& [id, score] : scores) {
    const double with = sum + static_cast<double>(score);
    if (1 + static_cast<double>(kept + 1) * static_cast<double>(score) <= with) break;
    sum = with;
    ++kept;
    threshold = (sum - 1) / static_cast<double>(kept);
  }
  scores.resize(kept);
  for (auto& [id, score] : scores) score = static_cast<float>(static_cast<double>(score) - threshold);
  return scores;
}

}  // namespace malmoi::reshape
