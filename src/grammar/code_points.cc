#include "grammar/code_points.h"

#include <algorithm>

#include "base/utf8.h"

namespace malmoi::grammar {
namespace {

constexpr CodePointRange kSurrogates{0xD800, 0xDFFF};
// The last characters that one, two and three bytes spell.
constexpr char32_t kLastOfLength[] = {0x7F, 0x7FF, 0xFFFF, kLastCodePoint};

// Appends the sequences of a range whose characters have `length` bytes each.
void append_same_length(CodePointRange range, int length, std::vector<ByteRanges>& out) {
  // Where the ends differ in a byte, those after it must be free to take every value: what does not is cut off.
  for (int low_bytes = 1; low_bytes < length; ++low_bytes) {
    const char32_t low = (char32_t{1} << (6 * low_bytes)) - 1;
    if ((range.first & ~low) == (range.last & ~low)) continue;
    if ((range.first & low) != 0) {
      append_same_length({range.first, range.first | low}, length, out);
      append_same_length({(range.first | low) + 1, range.last}, length, out);
      return;
    }
    if ((range.last & low) != low) {
      append_same_length({range.first, (range.last & ~low) - 1}, length, out);
      append_same_length({range.last & ~low, range.last}, length, out);
      return;
    }
  }
  std::string first, last;
  append_utf8(first, range.first);
  append_utf8(last, range.last);
  ByteRanges sequence;
  sequence.length = length;
  for (size_t i = 0; i < first.size(); ++i)
    sequence.bytes[i] = {static_cast<uint8_t>(first[i]), static_cast<uint8_t>(last[i])};
  out.push_back(sequence);
}

}  // namespace

CodePointSet::CodePointSet(std::vector<CodePointRange> ranges) {
  std::vector<CodePointRange> spelled;
  for (CodePointRange range : ranges) {
    range.last = std::min(range.last, kLastCodePoint);
    if (range.first > range.last) continue;
    if (range.first < kSurrogates.first)
      spelled.push_back({range.first, std::min<char32_t>(range.last, kSurrogates.first - 1)});
    if (range.last > kSurrogates.last)
      spelled.push_back({std::max<char32_t>(range.first, kSurrogates.last + 1), range.last});
  }
  std::sort(spelled.begin(), spelled.end(),
            [](const CodePointRange& a, const CodePointRange& b) { return a.first < b.first; });
  for (const CodePointRange& range : spelled) {
    if (!ranges_.empty() && range.first <= ranges_.back().last + 1)
      ranges_.back().last = std::max(ranges_.back().last, range.last);
    else ranges_.push_back(range);
  }
}

CodePointSet CodePointSet::of(std::u32string_view characters) {
  std::vector<CodePointRange> ranges;
  for (char32_t code_point : characters) ranges.push_back({code_point, code_point});
  return CodePointSet(std::move(ranges));
}

CodePointSet CodePointSet::united(const CodePointSet& other) const {
  std::vector<CodePointRange> ranges = ranges_;
  ranges.insert(ranges.end(), other.ranges_.begin(), other.ranges_.end());
  return CodePointSet(std::move(ranges));
}

CodePointSet CodePointSet::complement() const {
  std::vector<CodePointRange> gaps;
  char32_t next = 0;
  for (const CodePointRange& range : ranges_) {
    if (range.first > next) gaps.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next <= kLastCodePoint) gaps.push_back({next, kLastCodePoint});
  return CodePointSet(std::move(gaps));
}

CodePointSet CodePointSet::without(const CodePointSet& other) const {
  // A \ B is the complement of (complement of A, or B).
  return complement().united(other).complement();
}

bool CodePointSet::contains(char32_t code_point) const {
  auto after = std::upper_bound(ranges_.begin(), ranges_.end(), code_point,
                                [](char32_t value, const CodePointRange& range) { return value < range.first; });
  return after != ranges_.begin() && std::prev(after)->last >= code_point;
}

std::vector<ByteRanges> utf8_ranges(const CodePointSet& set) {
  std::vector<ByteRanges> out;
  for (const CodePointRange& range : set.ranges()) {
    char32_t begin = range.first;
    for (int length = 1; length <= 4 && begin <= range.last; ++length) {
      const char32_t end = std::min(range.last, kLastOfLength[length - 1]);
      if (begin > end) continue;
      append_same_length({begin, end}, length, out);
      begin = end + 1;
    }
  }
  return out;
}

}  // namespace malmoi::grammar
