#include "tokenizer/pipeline/pieces.h"

#include <algorithm>

#include "tokenizer/unicode/code_points.h"
#include "tokenizer/unicode/unicode.h"

namespace malmoi::tokenizer {

void parts_of_matches(std::string_view text, const std::vector<Span>& matches, std::vector<Part>& parts) {
  uint32_t done = 0;
  for (Span match : matches) {
    if (match.begin != done) parts.push_back({{done, match.begin}, false});
    parts.push_back({match, true});
    done = match.end;
  }
  auto size = static_cast<uint32_t>(text.size());
  if (done != size) parts.push_back({{done, size}, false});
}

namespace {

// Joins a match to the part before it (in the order of the range) unless that part was a match itself.
template <typename Iterator, typename Join>
std::vector<Part> merge_matches(Iterator begin, Iterator end, Join join) {
  std::vector<Part> out;
  bool after_match = false;
  for (; begin != end; ++begin) {
    if (begin->match && !after_match && !out.empty()) join(out.back().span, begin->span);
    else out.push_back({begin->span, false});
    after_match = begin->match;
  }
  return out;
}

std::vector<Part> join_equal(const std::vector<Part>& parts) {
  std::vector<Part> out;
  bool last = false;
  for (const Part& part : parts) {
    if (part.match == last && !out.empty()) out.back().span.end = part.span.end;
    else out.push_back(part);
    last = part.match;
  }
  return out;
}

}  // namespace

void apply_behavior(std::vector<Part>& parts, SplitBehavior behavior) {
  switch (behavior) {
    case SplitBehavior::kIsolated: return;
    case SplitBehavior::kRemoved: std::erase_if(parts, [](const Part& part) { return part.match; }); return;
    case SplitBehavior::kContiguous: parts = join_equal(parts); return;
    case SplitBehavior::kMergedWithPrevious:
      parts = merge_matches(parts.begin(), parts.end(), [](Span& kept, Span next) { kept.end = next.end; });
      return;
    case SplitBehavior::kMergedWithNext:
      parts = merge_matches(parts.rbegin(), parts.rend(), [](Span& kept, Span next) { kept.begin = next.begin; });
      std::reverse(parts.begin(), parts.end());
      return;
  }
}

void split_by_class(Draft& draft, SplitBehavior behavior, uint32_t flags) {
  split_pieces(draft, behavior, false, [&](std::string_view text, std::vector<Span>& matches) {
    for (const CodePoint c : CodePoints(text))
      if (classes_of(c.value) & flags)
        matches.push_back({static_cast<uint32_t>(c.begin), static_cast<uint32_t>(c.end)});
  });
}

}  // namespace malmoi::tokenizer
