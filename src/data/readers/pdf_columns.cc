#include "data/readers/pdf_columns.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

namespace malmoi::data {
namespace {

constexpr size_t kFewestLines = 3;  // of a column
constexpr float kGutter = 0.8f;     // its width, in the height of a line
constexpr float kFilled = 0.6f;     // of the widest line by most others
constexpr size_t kAcross = 3;       // one line in so many may go across: more are text of their own
constexpr int kDeepest = 4;         // gutters on both sides of gutters

using Lines = std::vector<PdfLine>;
using Indices = std::vector<size_t>;  // of lines, in reading order

// Whether lines are text: of some width, most of them filled.
bool is_text(const Lines& lines, const Indices& side, float height) {
  std::vector<float> widths;
  for (size_t i : side) widths.push_back(lines[i].right - lines[i].left);
  float widest = *std::max_element(widths.begin(), widths.end());
  float usual = median(std::move(widths));
  return usual >= kTextWidth * height && usual >= kFilled * widest;
}

// Whether two columns stand beside each other, for some lines at least.
bool beside(const Lines& lines, const Indices& left, const Indices& right, float height) {
  auto extent = [&](const Indices& side) {
    float top = 1e9f, bottom = -1e9f;
    for (size_t i : side) {
      top = std::min(top, lines[i].top);
      bottom = std::max(bottom, lines[i].bottom);
    }
    return std::pair{top, bottom};
  };
  auto [left_top, left_bottom] = extent(left);
  auto [right_top, right_bottom] = extent(right);
  return std::min(left_bottom, right_bottom) - std::max(left_top, right_top) >
         static_cast<float>(kFewestLines) * height;
}

struct Split {
  Indices left, right, across;
};

Split split_at(const Lines& lines, const Indices& region, float begin, float end) {
  Split split;
  for (size_t i : region)
    (lines[i].right <= begin ? split.left : lines[i].left >= end ? split.right : split.across).push_back(i);
  return split;
}

// By the gutter that fewest lines go across, of those the widest.
std::optional<Split> find_gutter(const Lines& lines, const Indices& region) {
  if (region.size() < 2 * kFewestLines) return {};
  std::vector<float> heights;
  std::vector<std::pair<float, int>> edges;
  for (size_t i : region) {
    heights.push_back(lines[i].height());
    edges.push_back({lines[i].left, 1});
    edges.push_back({lines[i].right, -1});
  }
  float height = median(std::move(heights));
  std::sort(edges.begin(), edges.end());
  std::vector<std::pair<std::pair<long, float>, std::pair<float, float>>> gaps;  // {lines across, -width}, {begin, end}
  long covering = 0;
  for (size_t i = 0; i + 1 < edges.size(); ++i) {
    covering += edges[i].second;
    float width = edges[i + 1].first - edges[i].first;
    if (width >= kGutter * height && covering * static_cast<long>(kAcross) <= static_cast<long>(region.size()))
      gaps.push_back({{covering, -width}, {edges[i].first, edges[i + 1].first}});
  }
  std::sort(gaps.begin(), gaps.end());
  constexpr size_t kTried = 8;
  for (size_t i = 0; i < std::min(gaps.size(), kTried); ++i) {
    Split split = split_at(lines, region, gaps[i].second.first, gaps[i].second.second);
    if (split.left.size() >= kFewestLines && split.right.size() >= kFewestLines && is_text(lines, split.left, height) &&
        is_text(lines, split.right, height) && beside(lines, split.left, split.right, height))
      return split;
  }
  return {};
}

void order(const Lines& lines, const Indices& region, int depth, Indices& out) {
  std::optional<Split> split = depth < kDeepest ? find_gutter(lines, region) : std::nullopt;
  if (!split) {
    out.insert(out.end(), region.begin(), region.end());
    return;
  }
  std::stable_sort(split->across.begin(), split->across.end(),
                   [&](size_t a, size_t b) { return lines[a].top < lines[b].top; });
  // Bands from one line that goes across to the next.
  Indices left = std::move(split->left), right = std::move(split->right);
  auto take_above = [&](Indices& side, float top) {
    auto rest = std::stable_partition(side.begin(), side.end(), [&](size_t i) { return lines[i].top < top; });
    Indices above(side.begin(), rest);
    side.erase(side.begin(), rest);
    return above;
  };
  for (size_t i : split->across) {
    order(lines, take_above(left, lines[i].top), depth + 1, out);
    order(lines, take_above(right, lines[i].top), depth + 1, out);
    out.push_back(i);
  }
  order(lines, left, depth + 1, out);
  order(lines, right, depth + 1, out);
}

}  // namespace

void order_columns(std::vector<PdfLine>& lines) {
  Indices all;
  for (size_t begin = 0; begin < lines.size();) {
    size_t end = begin;
    Indices page;
    bool upright = true;
    for (; end < lines.size() && lines[end].page == lines[begin].page; ++end) {
      page.push_back(end);
      upright = upright && lines[end].upright;
    }
    if (upright) order(lines, page, 0, all);
    else all.insert(all.end(), page.begin(), page.end());
    begin = end;
  }
  std::vector<PdfLine> ordered;
  ordered.reserve(lines.size());
  for (size_t i : all) ordered.push_back(std::move(lines[i]));
  lines = std::move(ordered);
}

}  // namespace malmoi::data
