// Sums over whole tensors that methods share. Those of all elements are made in double, range by range in a fixed order.
#pragma once

#include <functional>
#include <span>
#include <vector>

namespace malmoi::merge {

/// to += scale * from.
void add_scaled(std::vector<float>& to, std::span<const float> from, float scale);
/// values *= scale.
void scale_all(std::vector<float>& values, float scale);
/// values -= base.
void subtract(std::vector<float>& values, std::span<const float> base);

double dot(std::span<const float> a, std::span<const float> b);
/// The sum of absolute values.
double l1_norm(std::span<const float> values);

/// Calls body(begin, end) over [0, n), in parallel.
void over_elements(size_t n, const std::function<void(size_t begin, size_t end)>& body);

}  // namespace malmoi::merge
