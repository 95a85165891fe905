// The n-grams of a text, counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace malmoi::metrics {

template <typename Unit>
using Grams = std::map<std::vector<Unit>, int64_t>;

/// The runs of `order` characters or words.
template <typename Units>
auto grams_of(const Units& units, size_t order) {
  Grams<typename Units::value_type> grams;
  for (size_t i = 0; i + order <= units.size(); ++i) {
    const auto begin = units.begin() + static_cast<std::ptrdiff_t>(i);
    ++grams[{begin, begin + static_cast<std::ptrdiff_t>(order)}];
  }
  return grams;
}

}  // namespace malmoi::metrics
