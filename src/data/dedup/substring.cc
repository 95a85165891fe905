#include "data/dedup/substring.h"

#include <algorithm>

#include "base/utf8.h"
#include "data/dedup/removal_file.h"
#include "data/dedup/repeats.h"

namespace malmoi::data {
namespace {

struct Range {
  uint64_t begin, end;
  auto operator<=>(const Range&) const = default;
};

constexpr size_t kMaxPlaces = 16;
constexpr uint64_t kBytesPerByte = 6;  // text, suffix array, marks

// Narrows a range to whole characters: no byte is left behind of a character that is removed in part.
Status narrow(const SpooledCorpus& corpus, uint64_t end_of_document, Range& range) {
  char bytes[4];
  uint64_t n = std::min<uint64_t>(4, range.end - range.begin);
  MALMOI_TRY(corpus.file.read(range.begin, bytes, n));
  for (uint64_t i = 0; i < n && is_utf8_continuation(bytes[i]); ++i) ++range.begin;
  if (range.end == end_of_document) return {};
  // The byte after the range must begin a character; otherwise the range ends before that one's first byte.
  uint64_t low = range.end >= 3 ? range.end - 3 : 0;
  n = range.end + 1 - low;
  MALMOI_TRY(corpus.file.read(low, bytes, n));
  while (n > 1 && is_utf8_continuation(bytes[n - 1])) {
    --n;
    --range.end;
  }
  return {};
}

}  // namespace

size_t SpooledCorpus::at(uint64_t position) const {
  auto it =
      std::upper_bound(starts.begin(), starts.end(), position, [](uint64_t p, const Start& s) { return p < s.begin; });
  return static_cast<size_t>(it - starts.begin()) - 1;
}

struct SubstringDeduper::State {
  SubstringOptions options;
  uint64_t memory = 0;
  std::shared_ptr<ScratchFolder> folder;
  SpooledCorpus corpus;
};

Result<SubstringDeduper> SubstringDeduper::create(const SubstringOptions& options, const Scratch& scratch) {
  if (options.min_bytes < 8) return usage_error("min_bytes must be at least 8", "min_bytes", "e.g. 200");
  MALMOI_ASSIGN(auto folder, ScratchFolder::create(scratch.folder));
  MALMOI_ASSIGN(ScratchFile file, ScratchFile::create(*folder, "corpus"));
  return SubstringDeduper(std::make_unique<State>(State{options, scratch.memory_bytes, folder, {std::move(file), {}}}));
}

SubstringDeduper::SubstringDeduper(std::unique_ptr<State> state) : state_(std::move(state)) {}
SubstringDeduper::SubstringDeduper(SubstringDeduper&&) noexcept = default;
SubstringDeduper& SubstringDeduper::operator=(SubstringDeduper&&) noexcept = default;
SubstringDeduper::~SubstringDeduper() = default;

Status SubstringDeduper::add(uint64_t index, std::string_view text) {
  SpooledCorpus& corpus = state_->corpus;
  if (!corpus.starts.empty() && index <= corpus.starts.back().index)
    return internal_error("documents must come in rising order", "substring deduplication");
  corpus.starts.push_back({corpus.file.size(), index});
  return corpus.file.append(text.data(), text.size());
}

Result<Removals> SubstringDeduper::finish() {
  State& s = *state_;
  MALMOI_TRY(s.corpus.file.flush());
  ExternalSorter<Range> ranges(s.folder, "ranges", s.memory / 4);
  auto take = [&](uint64_t begin, uint64_t end) { return ranges.add({begin, end}); };
  uint64_t size = s.corpus.file.size();
  if (size <= s.memory / kBytesPerByte && size < INT32_MAX)
    MALMOI_TRY(repeats_by_suffix_array(s.corpus, s.options.min_bytes, take));
  else MALMOI_TRY(repeats_by_fingerprints(s.corpus, s.options.min_bytes, kMaxPlaces, s.folder, s.memory / 2, take));
  MALMOI_TRY(ranges.finish());

  MALMOI_ASSIGN(auto state, Removals::State::create(s.folder));
  Range range, joined{0, 0};
  auto close = [&]() -> Status {
    if (joined.end == 0) return {};
    size_t d = s.corpus.at(joined.begin);
    MALMOI_TRY(narrow(s.corpus, s.corpus.end_of(d), joined));
    uint64_t begin = s.corpus.starts[d].begin;
    if (joined.begin >= joined.end) return {};
    return state->append({s.corpus.starts[d].index, joined.begin - begin, joined.end - begin});
  };
  while (true) {
    MALMOI_ASSIGN(bool more, ranges.next(range));
    if (!more) break;
    // Touching ranges are one, but not across documents.
    bool together =
        joined.end != 0 && range.begin <= joined.end && s.corpus.at(range.begin) == s.corpus.at(joined.begin);
    if (together) {
      joined.end = std::max(joined.end, range.end);
      continue;
    }
    MALMOI_TRY(close());
    joined = range;
  }
  MALMOI_TRY(close());
  return Removals(std::move(state));
}

}  // namespace malmoi::data
