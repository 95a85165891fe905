// How much of each source is taken, and what is held out: functions of the recipe, the seed and hashes alone.
#pragma once

#include <cstdint>
#include <vector>

#include "data/build/recipe.h"

namespace malmoi::data {

/// How often each source's training documents are taken: whole copies and the share of one more, by weight, epochs and
/// temperature. `bytes` by source. With weights (or a temperature), no source is taken more often than its epochs say.
std::vector<double> mixing_factors(const Recipe& recipe, const std::vector<uint64_t>& bytes);

/// The split of a group: 0 train, 1 valid, 2 test.
int split_of(const Recipe& recipe, uint64_t group);

/// A hash of both.
uint64_t mix_hash(uint64_t a, uint64_t b);
/// The same as a number from 0 to less than 1.
double mix_fraction(uint64_t a, uint64_t b);

}  // namespace malmoi::data
