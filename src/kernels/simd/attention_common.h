// What both passes of attention share: masks and biases of a tile of scores, rows in pages, and the sharing out of work.
#pragma once

#include "kernels/attention_layout.h"
#include "kernels/simd/tile.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

constexpr float kLog2E = 1.44269504088896341f, kLn2 = 0.69314718055994531f;
constexpr float kHidden = -1e30f;  // a score that no exp2 sees as more than zero

MALMOI_INLINE uint64_t dropout_index(const AttentionArgs& a, int64_t head, int64_t row, int64_t key) {
  return (static_cast<uint64_t>(head * a.total_rows + row) << 20) + static_cast<uint64_t>(key);
}

/// The queries of a block that see a key, as their place in the block.
struct Seers {
  int32_t begin, end;

  bool all(int64_t queries) const { return begin <= 0 && end >= queries; }
  /// Of the queries [i, i + kLanes).
  MALMOI_INLINE IVec lanes(int64_t i) const {
    IVec place;
    for (int lane = 0; lane < kLanes; ++lane) place[lane] = lane;
    place += static_cast<int32_t>(i);
    return (place >= begin) & (place < end);
  }
};

/// Those of the block that begins at `query`, of at most `queries`.
MALMOI_INLINE Seers seers(const AttentionArgs& a, const AttentionSegment& s, int64_t key, int64_t query,
                          int64_t queries) {
  if (s.key_mask && !s.key_mask[key]) return {0, 0};
  Range range = queries_seeing(a.mask, s, key);
  auto place = [&](int64_t i) { return static_cast<int32_t>(at_least(at_most(i - query, queries), 0)); };
  return {place(range.begin), place(range.end)};
}

/// One head's biases by place: the distance of a key from a query, or where in its sequence the key stands.
struct BiasRow {
  const float* zero;  // place 0
  int64_t left, right;

  BiasRow(const AttentionArgs& a, int64_t head)
      : zero(as<float>(a.bias) + head * bias_width(a) + a.bias_left), left(a.bias_left), right(a.bias_right) {}
  int64_t entry(int64_t place) const { return at_least(at_most(place, right), -left); }
  float at(int64_t place) const { return zero[entry(place)]; }
};

/// A tile of scores has keys + queries - 1 distances. Entry keys - 1 - j + i of a strip is that of its key j and query i, so
/// that a vector of queries is a vector of the strip. By key, entry j is that of key j and all queries.
template <int64_t kKeys, int64_t kQueries>
struct BiasStrip {
  float entries[kKeys + kQueries];

  /// Of key j and the queries [i, i + kLanes) of the tile.
  MALMOI_INLINE Vec lanes(const AttentionArgs& a, int64_t keys, int64_t j, int64_t i) const {
    return a.bias_by_key ? all(entries[j]) : load(entries + keys - 1 - j + i, Full{});
  }
  /// Adds the gradients of these to their entries.
  MALMOI_INLINE void add(const AttentionArgs& a, int64_t keys, int64_t j, int64_t i, Vec gradients) {
    float* to = entries + keys - 1 - j + i;
    if (a.bias_by_key) entries[j] += reduce_add(gradients);
    else store(to, load(to, Full{}) + gradients, Full{});
  }

  /// Calls body(entry, place) for the tile at `key` and `query` of the segment.
  template <typename Body>
  static void each_entry(const AttentionArgs& a, const AttentionSegment& s, int64_t key, int64_t keys, int64_t query,
                         const Body& body) {
    int64_t first = a.bias_by_key ? s.k_begin + key : key + keys - 1 - (query + s.k_length - s.q_length);
    int64_t step = a.bias_by_key ? 1 : -1;
    for (int64_t i = 0; i < keys + kQueries; ++i) body(i, first + step * i);
  }
  void fill(const AttentionArgs& a, const AttentionSegment& s, int64_t head, int64_t key, int64_t keys, int64_t query,
            float factor) {
    BiasRow row(a, head);
    each_entry(a, s, key, keys, query, [&](int64_t i, int64_t place) { entries[i] = factor * row.at(place); });
  }
};

/// Calls body(first, count, rows) for stretches of the rows [rows.begin, rows.end) that lie one after another.
template <typename T, typename Body>
MALMOI_INLINE void each_stretch(const void* base, const void* const* pages, int64_t page_rows, int64_t stride,
                                Range rows, const Body& body) {
  if (!pages) return body(rows.begin, rows.end - rows.begin, as<T>(base) + rows.begin * stride);
  for (int64_t at = rows.begin; at < rows.end;) {
    int64_t row = at % page_rows, count = min_of(page_rows - row, rows.end - at);
    body(at, count, as<T>(pages[at / page_rows]) + row * stride);
    at += count;
  }
}

/// Scores a segment's head has to compute, about.
MALMOI_INLINE int64_t head_cost(const AttentionArgs& a, const AttentionSegment& s) {
  Range middle = keys_seen(a.mask, s, s.q_length / 2);
  return s.q_length * (middle.end - middle.begin + prefix_keys(s) + 16);
}

MALMOI_INLINE int64_t total_cost(const AttentionArgs& a) {
  int64_t scores = 0;
  for (int64_t i = 0; i < a.num_segments; ++i) scores += a.heads * head_cost(a, a.segments[i]);
  return scores;
}

/// Workers worth starting for so many scores in all.
MALMOI_INLINE int team_size(const AttentionArgs& a) {
  int64_t work = total_cost(a) * max_of((a.head_dim + a.value_dim) / 2, 1) / (16 * kGrain);
  return static_cast<int>(max_of(1, min_of(num_threads(), work)));
}

/// What one worker of a team does of work that is laid out by its running cost.
struct Share {
  int64_t begin, end;

  Share(int64_t total, int worker, int workers)
      : begin(total * worker / workers), end(total * (worker + 1) / workers) {}
  bool holds(int64_t place) const { return place >= begin && place < end; }
};

}  // namespace
}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
