#include <divsufsort.h>

#include <cstring>

#include "data/dedup/repeats.h"

namespace malmoi::data {
namespace {

// Whether the n bytes at a and b are the same and each within its document.
bool same_window(const std::string& text, int32_t a, int32_t b, uint32_t n) {
  size_t x = static_cast<size_t>(a), y = static_cast<size_t>(b);
  if (x + n > text.size() || y + n > text.size()) return false;
  return std::memcmp(text.data() + x, text.data() + y, n) == 0;
}

}  // namespace

// Suffixes in order put equal windows side by side. In each run of suffixes that share `min_bytes` bytes, all but the one
// that stands first in the corpus begin a repeat. Windows that cross into the next document are no windows: they are
// passed over, since the run of those inside documents stays together without them.
Status repeats_by_suffix_array(const SpooledCorpus& corpus, uint32_t min_bytes, const TakeRange& take) {
  std::string text(corpus.file.size(), '\0');
  if (text.size() < 2 * static_cast<size_t>(min_bytes)) return {};
  MALMOI_TRY(corpus.file.read(0, text.data(), text.size()));
  std::vector<int32_t> order(text.size());
  if (divsufsort(reinterpret_cast<const uint8_t*>(text.data()), order.data(), static_cast<int32_t>(text.size())) != 0)
    return out_of_memory("the suffix array does not fit in memory", "substring deduplication",
                         "lower its memory budget");

  std::vector<bool> inside(text.size(), false);  // a whole window of its document begins here
  for (size_t k = 0; k < corpus.starts.size(); ++k)
    for (uint64_t p = corpus.starts[k].begin; p + min_bytes <= corpus.end_of(k); ++p) inside[p] = true;
  std::vector<bool> repeats(text.size(), false);
  int32_t previous = -1, first = -1;  // of the run
  for (int32_t suffix : order) {
    if (!inside[static_cast<size_t>(suffix)]) continue;
    if (previous >= 0 && same_window(text, previous, suffix, min_bytes)) {
      repeats[static_cast<size_t>(std::max(first, suffix))] = true;
      first = std::min(first, suffix);
    } else {
      first = suffix;
    }
    previous = suffix;
  }
  // Windows that overlap are one range.
  for (size_t k = 0; k < corpus.starts.size(); ++k) {
    uint64_t begin = 0, end = 0;
    for (uint64_t p = corpus.starts[k].begin; p + min_bytes <= corpus.end_of(k); ++p) {
      if (!repeats[p]) continue;
      if (p > end || end == 0) {
        if (end != 0) MALMOI_TRY(take(begin, end));
        begin = p;
      }
      end = p + min_bytes;
    }
    if (end != 0) MALMOI_TRY(take(begin, end));
  }
  return {};
}

}  // namespace malmoi::data
