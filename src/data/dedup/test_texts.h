// Texts for the tests of deduplication.
#pragma once

#include <string>

#include "base/rng.h"

namespace malmoi::data {

/// A text of `words` random words.
inline std::string random_text(Rng& rng, int words) {
  std::string out;
  for (int i = 0; i < words; ++i) out += "w" + std::to_string(rng.below(100000)) + " ";
  return out;
}

}  // namespace malmoi::data
