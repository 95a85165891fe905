#include <algorithm>
#include <deque>

#include "data/dedup/repeats.h"
#include "data/dedup/rolling.h"

namespace malmoi::data {
namespace {

struct Fingerprint {
  uint64_t hash, position;
  auto operator<=>(const Fingerprint&) const = default;
};

uint64_t mix_window(uint64_t h) {
  h ^= h >> 31;
  h *= 0x7FB5D329728EA185ull;
  return h ^ h >> 27;
}

// Winnowing: of every `window` consecutive hashes of k bytes the smallest (the last of equals) is selected, so that two
// equal substrings of window + k - 1 bytes select the same one.
template <typename Take>
Status winnow(const std::string& text, uint32_t k, uint32_t window, const Take& take) {
  if (text.size() < static_cast<size_t>(k) + window - 1) return {};
  uint64_t highest = 1, rolling = 0;
  for (uint32_t i = 1; i < k; ++i) highest *= kRollingBase;
  std::deque<std::pair<uint64_t, size_t>> rising;  // candidates of the window, hashes rising
  size_t last = SIZE_MAX;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i >= k) rolling -= (static_cast<uint8_t>(text[i - k]) + 1) * highest;
    rolling = rolling * kRollingBase + static_cast<uint8_t>(text[i]) + 1;
    if (i + 1 < k) continue;
    size_t at = i + 1 - k;
    uint64_t hash = mix_window(rolling);
    while (!rising.empty() && rising.back().first >= hash) rising.pop_back();
    rising.emplace_back(hash, at);
    while (rising.front().second + window <= at) rising.pop_front();
    if (at + 1 >= window && rising.front().second != last) {
      last = rising.front().second;
      MALMOI_TRY(take(rising.front().first, last));
    }
  }
  return {};
}

// Bytes around a fingerprint, as far as a window of `reach` more on either side, inside its document.
struct Context {
  uint64_t position = 0, begin = 0;  // of the fingerprint; of the bytes
  std::string bytes;

  Status load(const SpooledCorpus& corpus, uint64_t at, uint32_t k, uint32_t reach) {
    size_t document = corpus.at(at);
    uint64_t low = corpus.starts[document].begin, high = corpus.end_of(document);
    position = at;
    begin = at - low > reach ? at - reach : low;
    uint64_t end = std::min<uint64_t>(high, at + k + reach);
    bytes.resize(end - begin);
    return corpus.file.read(begin, bytes.data(), bytes.size());
  }
  size_t offset() const { return position - begin; }
};

// The bytes around both that are the same: how many before the fingerprints, and from them on.
std::pair<size_t, size_t> common(const Context& a, const Context& b) {
  size_t left = 0, right = 0;
  while (left < a.offset() && left < b.offset() && a.bytes[a.offset() - 1 - left] == b.bytes[b.offset() - 1 - left])
    ++left;
  while (a.offset() + right < a.bytes.size() && b.offset() + right < b.bytes.size() &&
         a.bytes[a.offset() + right] == b.bytes[b.offset() + right])
    ++right;
  return {left, right};
}

}  // namespace

Status repeats_by_fingerprints(const SpooledCorpus& corpus, uint32_t min_bytes, size_t max_places,
                               const std::shared_ptr<ScratchFolder>& folder, uint64_t memory_bytes,
                               const TakeRange& take) {
  uint32_t k = std::max<uint32_t>(min_bytes / 2, 1), window = min_bytes - k + 1, reach = min_bytes - k;
  ExternalSorter<Fingerprint> prints(folder, "prints", memory_bytes);
  std::string text;
  for (size_t d = 0; d < corpus.starts.size(); ++d) {
    uint64_t begin = corpus.starts[d].begin;
    text.resize(corpus.end_of(d) - begin);
    MALMOI_TRY(corpus.file.read(begin, text.data(), text.size()));
    MALMOI_TRY(winnow(text, k, window, [&](uint64_t hash, size_t at) { return prints.add({hash, begin + at}); }));
  }
  MALMOI_TRY(prints.finish());
  std::vector<Context> places;  // the first places of the fingerprint
  Fingerprint print;
  uint64_t hash = 0;
  bool loaded = false;
  while (true) {
    MALMOI_ASSIGN(bool more, prints.next(print));
    if (!more) return {};
    if (places.empty() || print.hash != hash) {
      // Most stand once: their bytes are read only when a second comes.
      places.assign(1, Context{.position = print.position});
      hash = print.hash;
      loaded = false;
      continue;
    }
    if (!loaded) MALMOI_TRY(places[0].load(corpus, places[0].position, k, reach));
    loaded = true;
    Context here;
    MALMOI_TRY(here.load(corpus, print.position, k, reach));
    for (const Context& place : places) {
      auto [left, right] = common(place, here);
      if (left + right >= min_bytes && right >= k) MALMOI_TRY(take(print.position - left, print.position + right));
    }
    if (places.size() < max_places) places.push_back(std::move(here));
  }
}

}  // namespace malmoi::data
