#include "data/build/mix.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include "base/hash.h"

namespace malmoi::data {

uint64_t mix_hash(uint64_t a, uint64_t b) {
  uint64_t words[2] = {a, b};
  return hash64({reinterpret_cast<const char*>(words), sizeof words});
}

double mix_fraction(uint64_t a, uint64_t b) { return static_cast<double>(mix_hash(a, b) >> 11) * 0x1.0p-53; }

std::vector<double> mixing_factors(const Recipe& recipe, const std::vector<uint64_t>& bytes) {
  std::vector<double> factors;
  for (const SourceSpec& source : recipe.sources) factors.push_back(source.epochs);
  const bool has_weights = std::any_of(recipe.sources.begin(), recipe.sources.end(),
                                       [](const SourceSpec& source) { return source.weight > 0; });
  if (!has_weights && recipe.temperature == 1) return factors;
  std::vector<double> shares;
  for (size_t s = 0; s < bytes.size(); ++s) {
    double share =
        has_weights ? recipe.sources[s].weight : std::pow(static_cast<double>(bytes[s]), 1 / recipe.temperature);
    shares.push_back(bytes[s] == 0 ? 0 : share);
  }
  // The largest total at which no source is taken more often than its epochs.
  double total = std::numeric_limits<double>::max();
  for (size_t s = 0; s < bytes.size(); ++s)
    if (shares[s] > 0) total = std::min(total, static_cast<double>(bytes[s]) * recipe.sources[s].epochs / shares[s]);
  for (size_t s = 0; s < bytes.size(); ++s)
    factors[s] = shares[s] > 0 ? total * shares[s] / static_cast<double>(bytes[s]) : 0;
  return factors;
}

int split_of(const Recipe& recipe, uint64_t group) {
  double value = mix_fraction(group, recipe.seed);
  if (value < recipe.valid_fraction) return 1;
  return value < recipe.valid_fraction + recipe.test_fraction ? 2 : 0;
}

}  // namespace malmoi::data
