#include "merge/sums.h"

#include <algorithm>
#include <cmath>

#include "base/parallel.h"

namespace malmoi::merge {
namespace {

constexpr size_t kElementsAtOnce = 1 << 16;

// Partial sums of stretches of one length, added up in their order: the same bits on any number of threads.
template <typename Sum>
double sum_of_stretches(size_t n, const Sum& sum) {
  std::vector<double> parts((n + kElementsAtOnce - 1) / kElementsAtOnce);
  parallel_for(static_cast<int64_t>(parts.size()), 1, [&](int64_t begin, int64_t end) {
    for (auto part = static_cast<size_t>(begin); part < static_cast<size_t>(end); ++part)
      parts[part] = sum(part * kElementsAtOnce, std::min(n, (part + 1) * kElementsAtOnce));
  });
  double total = 0;
  for (double part : parts) total += part;
  return total;
}

}  // namespace

void over_elements(size_t n, const std::function<void(size_t, size_t)>& body) {
  parallel_for(static_cast<int64_t>(n), static_cast<int64_t>(kElementsAtOnce),
               [&](int64_t begin, int64_t end) { body(static_cast<size_t>(begin), static_cast<size_t>(end)); });
}

void add_scaled(std::vector<float>& to, std::span<const float> from, float scale) {
  over_elements(to.size(), [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) to[i] += scale * from[i];
  });
}

void scale_all(std::vector<float>& values, float scale) {
  over_elements(values.size(), [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) values[i] *= scale;
  });
}

void subtract(std::vector<float>& values, std::span<const float> base) {
  over_elements(values.size(), [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) values[i] -= base[i];
  });
}

double dot(std::span<const float> a, std::span<const float> b) {
  return sum_of_stretches(a.size(), [&](size_t begin, size_t end) {
    double sum = 0;
    for (size_t i = begin; i < end; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    return sum;
  });
}

double l1_norm(std::span<const float> values) {
  return sum_of_stretches(values.size(), [&](size_t begin, size_t end) {
    double sum = 0;
    for (size_t i = begin; i < end; ++i) sum += std::abs(static_cast<double>(values[i]));
    return sum;
  });
}

}  // namespace malmoi::merge
