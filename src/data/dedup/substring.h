// Substrings that stand again in a corpus.
//
// The result depends on the indices and texts alone, never on the memory. What does not fit the memory budget goes to a
// scratch folder, which is emptied at the end.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/error.h"
#include "data/dedup/removals.h"
#include "data/dedup/scratch.h"

namespace malmoi::data {

struct SubstringOptions {
  uint32_t min_bytes = 200;  // shortest repeated substring that is removed
};

/// Substrings of at least `min_bytes` that stand earlier in the corpus (Lee et al., "Deduplicating Training Data Makes
/// Language Models Better", 2022): every occurrence but the first is removed, whole characters only. A corpus of up to
/// a sixth of the memory budget is sorted as one suffix array. Beyond that, winnowed fingerprints (Schleimer et al.,
/// 2003: every repeated substring of the length shares one) are sorted on disk, and each is compared in both
/// directions with the first 16 other places it stands at: the same result, unless a fingerprint has more contexts.
/// Documents are fed in rising order of index.
class SubstringDeduper {
 public:
  static Result<SubstringDeduper> create(const SubstringOptions& options, const Scratch& scratch = {});
  SubstringDeduper(SubstringDeduper&&) noexcept;
  SubstringDeduper& operator=(SubstringDeduper&&) noexcept;
  ~SubstringDeduper();
  Status add(uint64_t index, std::string_view text);
  Result<Removals> finish();

 private:
  struct State;
  explicit SubstringDeduper(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace malmoi::data
