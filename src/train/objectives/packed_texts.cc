#include "train/objectives/packed_texts.h"

#include <algorithm>

namespace malmoi::train {
namespace {

enum PackedFile { kIds, kPositions, kSegments, kLossMask };
constexpr ArrayColumn kPackedFiles[] = {{.name = "ids", .values = ArrayValues::kIds},
                                        {.name = "position_ids", .values = ArrayValues::kPositions},
                                        {.name = "segment_ids", .values = ArrayValues::kSegments},
                                        {.name = "loss_mask", .values = ArrayValues::kFlags}};

struct Segment {
  size_t begin, end;
};

std::vector<Segment> segments_of(std::span<const int32_t> ids) {
  std::vector<Segment> segments;
  for (size_t begin = 0; begin < ids.size();) {
    size_t end = begin;
    while (end < ids.size() && ids[end] == ids[begin]) ++end;
    if (ids[begin] != 0) segments.push_back({begin, end});
    begin = end;
  }
  return segments;
}

std::string packing_fault(const ArrayRow& row) {
  std::vector<int32_t> seen;
  for (const Segment& segment : segments_of(row.integers[kSegments])) {
    const int32_t id = row.integers[kSegments][segment.begin];
    if (std::find(seen.begin(), seen.end(), id) != seen.end())
      return "segment " + std::to_string(id) + " stands in two places";
    seen.push_back(id);
    if (row.integers[kLossMask][segment.begin] == 1)
      return "the first token of segment " + std::to_string(id) + " is to be learned, which nothing precedes";
  }
  return {};
}

// A segment up to the token before its last target: what stands behind is read for nothing.
void append_segment(const ArrayRow& row, const Segment& segment, Examples& out) {
  std::span<const int32_t> ids = row.integers[kIds], mask = row.integers[kLossMask];
  size_t last = segment.end - 1;
  while (last > segment.begin && mask[last] != 1) --last;
  const size_t length = last - segment.begin;
  if (length == 0) return;
  out.input.add(nn::RunInput{.ids = ids.subspan(segment.begin, length),
                             .positions = row.integers[kPositions].subspan(segment.begin, length)});
  for (size_t t = segment.begin + 1; t <= last; ++t) out.targets.push_back(mask[t] == 1 ? ids[t] : -1);
}

void append_packed(const ArrayRow& row, const RowRules&, Examples& out) {
  for (const Segment& segment : segments_of(row.integers[kSegments])) append_segment(row, segment, out);
}

}  // namespace

ArrayFormat packed_texts() { return {.columns = kPackedFiles, .append = append_packed, .fault = packing_fault}; }

}  // namespace malmoi::train
