// Supervised fine-tuning: of texts, or of several packed into a row, the tokens that a mask names are learned.
#include <algorithm>

#include "train/objectives/cross_entropy.h"

namespace malmoi::train::sft {
namespace {

enum File { kIds, kPositions, kSegments, kLossMask };
constexpr ArrayColumn kFiles[] = {{.name = "ids", .values = ArrayValues::kIds},
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

std::string fault(const ArrayRow& row) {
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

void append_row(const ArrayRow& row, const RowRules&, Examples& out) {
  for (const Segment& segment : segments_of(row.integers[kSegments])) append_segment(row, segment, out);
}

void read(ConfigReader& reader, ObjectiveConfig& config) {
  config.label_smoothing = reader.number("label_smoothing", 0, 0, 0.99);
  config.z_loss = reader.number("z_loss", 0, 0, 1);
}

std::unique_ptr<Objective> make(const ObjectiveConfig& config, const FrozenModel&) {
  return std::make_unique<CrossEntropy>(CrossEntropyOptions{
      .label_smoothing = static_cast<float>(config.label_smoothing), .z_weight = static_cast<float>(config.z_loss)});
}

}  // namespace

extern const ObjectiveEntry objective{.name = "sft",
                                      .task = model::Task::kCausalLm,
                                      .flat = false,
                                      .arrays = {.columns = kFiles, .append = append_row, .fault = fault},
                                      .read = read,
                                      .make = make,
                                      .token_loss = true};

}  // namespace malmoi::train::sft
