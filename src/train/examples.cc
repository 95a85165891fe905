#include "train/examples.h"

#include <algorithm>
#include <bit>

#include "base/rng.h"

namespace malmoi::train {

void Examples::clear() {
  input.clear();
  decoder.clear();
  targets.clear();
  numbers.clear();
  draws.clear();
  completions.clear();
  sampled_logps.clear();
  reference.clear();
  taught.clear();
  beside.clear();
}

int64_t Examples::tokens() const {
  int64_t tokens = input.rows() + decoder.rows();
  for (const Examples& other : beside) tokens += other.tokens();
  return tokens;
}

Status ExampleSource::prepare(uint64_t, uint64_t) { return {}; }

ModelInput::ModelInput(const Examples& examples) : batch_(examples.input.batch()) {
  if (examples.decoder.rows() == 0) return;
  source_ = batch_;
  batch_ = examples.decoder.batch();
  batch_.source = &source_;
}

uint64_t permute(uint64_t index, uint64_t n, uint64_t key, uint64_t tweak) {
  if (n <= 1) return 0;
  int half = std::max(1, (static_cast<int>(std::bit_width(n - 1)) + 1) / 2);
  uint64_t mask = (uint64_t{1} << half) - 1;
  uint64_t value = index;
  do {
    uint64_t left = value >> half, right = value & mask;
    for (uint64_t round = 0; round < 4; ++round) {
      uint64_t mixed = philox(key, tweak << 3 | round, right)[0];
      uint64_t next = left ^ (mixed & mask);
      left = right;
      right = next;
    }
    value = left << half | right;
  } while (value >= n);
  return value;
}

}  // namespace malmoi::train
