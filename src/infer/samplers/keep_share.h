// The fewest tokens, taken in some order, that reach a share of all probability; without sorting a whole vocabulary.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

#include "infer/samplers/candidates.h"

namespace malmoi::infer {

namespace detail {

constexpr size_t kBins = 1024;
constexpr double kFurthest =
    40;  // e^-40 is less than one rounding of a sum of weights: the last bin has what is beyond
constexpr size_t kFewToSort = 512;  // fewer are sorted as they are

inline size_t bin_of(double distance) {
  return distance < kFurthest ? static_cast<size_t>(distance * (kBins / kFurthest)) : kBins - 1;
}

// How many of the ids, were they sorted, reach the share; these are put first. Tokens are divided into bins by their
// distance, and only the bins that are needed are sorted. Nothing where the rounding of the sums, which are added up in
// another order here, could decide.
template <class Before, class Distance>
std::optional<size_t> share_by_bins(Candidates& candidates, double share, Before before, Distance distance) {
  std::span<int32_t> ids = candidates.ids();
  std::array<double, kBins> bins{};
  for (int32_t id : ids) bins[bin_of(distance(id))] += candidates.weight(id);
  double total = 0;
  for (double sum : bins) total += sum;
  const double slack = 4 * static_cast<double>(ids.size()) * std::numeric_limits<double>::epsilon() * total;
  if (!std::isfinite(total) || !(total > 0)) return {};
  size_t last = 0;
  for (double sum = bins[0]; last + 1 < kBins && sum < share * total + slack;) sum += bins[++last];
  auto head_end = std::partition(ids.begin(), ids.end(), [&](int32_t id) { return bin_of(distance(id)) <= last; });
  std::sort(ids.begin(), head_end, before);
  double sum = 0;
  for (auto id = ids.begin(); id != head_end; ++id) {
    sum += candidates.weight(*id);
    if (std::abs(sum - share * total) <= slack) return {};
    if (sum > share * total) return static_cast<size_t>(id - ids.begin()) + 1;
  }
  return {};
}

}  // namespace detail

/// Keeps the fewest of those left, in the order of `before` (strict), whose weights reach `share` < 1 of all, and at least
/// one; they stand in that order then. `distance(id)` >= 0 must not grow less in that order. `sorted`: whether they stand in
/// it already. The result is to the bit that of sorting all of them.
template <class Before, class Distance>
void keep_share(Candidates& candidates, double share, Before before, Distance distance, bool sorted = false) {
  if (!sorted && candidates.size() > detail::kFewToSort) {
    if (auto count = detail::share_by_bins(candidates, share, before, distance)) return candidates.keep_first(*count);
  }
  std::span<int32_t> ids = candidates.ids();
  if (!sorted) std::sort(ids.begin(), ids.end(), before);
  const double target = share * candidates.total();
  size_t count = 0;
  for (double sum = 0; count < ids.size() && sum < target; ++count) sum += candidates.weight(ids[count]);
  candidates.keep_first(count);
}

}  // namespace malmoi::infer
