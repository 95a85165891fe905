// Block sizes of attention and the scratch they need, the same for every instruction set.
#pragma once

#include "kernels/attention_mask.h"

namespace malmoi::kernels {
namespace {  // included by files of several instruction sets: nothing here may be shared by the linker

constexpr int64_t kForwardQueries = 64, kForwardKeys = 48;  // a tile of scores: 12 KiB; keys go by the rows of tiles
constexpr int64_t kBackwardQueries = 64, kBackwardKeys = 48;
constexpr int64_t kDirectKeys = 128;   // at a time, by queries that read keys as they lie
constexpr int64_t kDirectQueries = 4;  // segments of so few queries read keys as they lie, without packing
constexpr int64_t kUnpackedRows = 16;  // rows in 8 bits that such queries unpack at a time
constexpr int64_t kWideLanes = 16;     // the most lanes of any instruction set
/// Keys of a segment with few queries are cut at multiples of this, so that many workers share one head: short enough for
/// a part to stay in a core's cache while the heads of its group read it, long enough that the merge costs nothing.
constexpr int64_t kPartKeys = 512;

constexpr int64_t round_to(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

inline bool is_direct(const AttentionSegment& s) {
  return s.path == AttentionPath::kByCount ? s.q_length <= kDirectQueries : s.path == AttentionPath::kEach;
}

/// The parts of a segment's keys that its few queries see. They depend on that segment alone, and are cut at the same
/// positions of a sequence wherever its first key here stands.
struct Parts {
  int64_t prefix = 0;  // so many first ones, which hold the segment's prefix
  int64_t first = 0;   // then from this one on
  int64_t count = 0;   // of all
  int64_t before = 0;  // positions of the first part that stand before the segment's first key

  Range keys(int64_t part) const {
    int64_t place = part < prefix ? part : first + part - prefix;
    return {at_least(place * kPartKeys - before, 0), (place + 1) * kPartKeys - before};
  }
};

inline Parts parts_of(const AttentionArgs& a, const AttentionSegment& s) {
  if (s.q_length == 0) return {};
  Range seen = keys_seen(a.mask, s, Range{0, s.q_length});
  int64_t before = s.k_begin % kPartKeys;
  int64_t prefix = s.prefix > 0 ? round_to(prefix_keys(s) + before, kPartKeys) / kPartKeys : 0;
  int64_t first = at_least((seen.begin + before) / kPartKeys, prefix);
  int64_t end = round_to(seen.end + before, kPartKeys) / kPartKeys;
  // A query that sees nothing still has one part, empty, that its row of zeros is written from.
  return {prefix, first, at_least(prefix + at_least(end - first, 0), 1), before};
}

/// What a query has of one part of its keys: maximum and sum in the first lanes, then the sum of weighed values.
constexpr int64_t kPartHead = kWideLanes;
inline int64_t part_words(const AttentionArgs& a) { return kPartHead + round_to(a.value_dim, kWideLanes); }

/// Elements of 4 bytes for the parts of all queries that have more than one; they stand before the workers' own.
inline int64_t all_parts_words(const AttentionArgs& a) {
  int64_t parts = 0;
  for (int64_t i = 0; i < a.num_segments; ++i) {
    const AttentionSegment& s = a.segments[i];
    if (!is_direct(s)) continue;
    int64_t count = parts_of(a, s).count;
    if (count > 1) parts += a.heads * s.q_length * count;
  }
  return parts * part_words(a);
}

/// Elements of 4 bytes that one worker of the forward pass needs.
inline int64_t forward_words(const AttentionArgs& a) {
  int64_t keys = 0, wide = round_to(a.head_dim, kWideLanes), value = round_to(a.value_dim, kWideLanes);
  int64_t widest = at_least(wide, value);
  for (int64_t i = 0; i < a.num_segments; ++i) {
    if (!is_direct(a.segments[i])) keys = at_least(keys, a.segments[i].k_length);
  }
  int64_t direct = 2 * kDirectKeys + wide + part_words(a) + (a.byte_rows ? kUnpackedRows * widest : 0);
  keys = round_to(keys, kForwardKeys);
  int64_t packed = keys * (wide + value) + kForwardQueries * (widest + wide + value) + kForwardKeys * widest +
                   3 * kForwardQueries * kForwardKeys;
  return round_to(at_least(packed, direct), kWideLanes) + 32 * kWideLanes;
}

/// The same of the backward pass.
inline int64_t backward_words(const AttentionArgs& a) {
  int64_t queries = 0, keys = 0, wide = round_to(a.head_dim, kWideLanes), value = round_to(a.value_dim, kWideLanes);
  for (int64_t i = 0; i < a.num_segments; ++i) {
    queries = at_least(queries, a.segments[i].q_length);
    keys = at_least(keys, a.segments[i].k_length);
  }
  queries = round_to(queries, kBackwardQueries);
  keys = a.heads == a.kv_heads ? kBackwardKeys : round_to(keys, kBackwardKeys);
  constexpr int64_t kTile = kBackwardQueries * kBackwardKeys;
  int64_t packed_queries = queries * (3 * wide + 2 * value + 2);  // q both ways, dout both ways, dq, two statistics
  int64_t packed_keys = kBackwardKeys * (2 * wide + value);       // k both ways, v
  return round_to(packed_queries + packed_keys + keys * (wide + value) + kBackwardQueries * at_least(wide, value) +
                      6 * kTile,
                  kWideLanes) +
         64 * kWideLanes;
}

inline int64_t bias_width(const AttentionArgs& a) { return a.bias ? a.bias_left + 1 + a.bias_right : 0; }

/// Gradients of one head's biases and sink over one segment, which are summed over segments at the end, in their order.
inline int64_t parameter_row_words(const AttentionArgs& a) { return bias_width(a) + (a.sinks ? 1 : 0); }

/// Elements of 4 bytes for the rows of all segments and heads; they stand before the workers' own.
inline int64_t parameter_rows_words(const AttentionArgs& a) {
  return round_to(a.num_segments * a.heads * parameter_row_words(a), kWideLanes);
}

}  // namespace
}  // namespace malmoi::kernels
