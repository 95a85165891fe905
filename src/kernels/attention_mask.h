// Attention's mask as ranges: which keys a query sees and which queries see a key, the same for every instruction set.
#pragma once

#include "kernels/contract/attention.h"

namespace malmoi::kernels {
namespace {  // included by files of several instruction sets: nothing here may be shared by the linker

struct Range {
  int64_t begin, end;  // empty where end <= begin
};

/// Longer than any sequence, and short enough that sums of positions with it do not overflow.
constexpr int64_t kEndless = int64_t{1} << 40;

constexpr int64_t at_least(int64_t x, int64_t bound) { return x < bound ? bound : x; }
constexpr int64_t at_most(int64_t x, int64_t bound) { return x > bound ? bound : x; }

/// The chunk that holds a position of the segment, which may be before all its keys.
inline Range chunk_around(const AttentionMask& mask, const AttentionSegment& s, int64_t position) {
  int64_t length = at_most(mask.chunk, kEndless), rest = (position + s.k_begin) % length;
  int64_t begin = position - (rest < 0 ? rest + length : rest);
  return {begin, begin + length};
}

/// Keys of the segment's prefix.
inline int64_t prefix_keys(const AttentionSegment& s) { return at_most(s.prefix, s.k_length); }

/// Keys that query i of the segment sees beside those of the prefix, the key mask apart. Both ends grow with i.
inline Range keys_seen(const AttentionMask& mask, const AttentionSegment& s, int64_t query) {
  int64_t position = query + s.k_length - s.q_length;
  Range seen{0, s.k_length};
  if (mask.causal) seen.end = at_most(seen.end, position + 1);
  if (mask.window > 0) {
    int64_t window = at_most(mask.window, kEndless);
    seen.begin = at_least(seen.begin, position - window + 1);
    if (!mask.causal) seen.end = at_most(seen.end, position + window);
  }
  if (mask.chunk > 0) {
    Range chunk = chunk_around(mask, s, position);
    seen = {at_least(seen.begin, chunk.begin), at_most(seen.end, chunk.end)};
  }
  return {seen.begin, at_least(seen.end, seen.begin)};
}

/// Keys that any of the queries [queries.begin, queries.end) sees beside those of the prefix.
inline Range keys_seen(const AttentionMask& mask, const AttentionSegment& s, Range queries) {
  int64_t begin = keys_seen(mask, s, queries.begin).begin, end = keys_seen(mask, s, queries.end - 1).end;
  return {begin, at_least(end, begin)};
}

/// Queries of the segment that see a key, the key mask apart. Beyond the prefix both ends grow with the key.
inline Range queries_seeing(const AttentionMask& mask, const AttentionSegment& s, int64_t key) {
  Range seeing{0, s.q_length};
  if (key < s.prefix) return seeing;
  int64_t offset = s.k_length - s.q_length, own = key - offset;  // the query that stands where the key stands
  if (mask.causal) seeing.begin = at_least(seeing.begin, own);
  if (mask.window > 0) {
    int64_t window = at_most(mask.window, kEndless);
    seeing.end = at_most(seeing.end, own + window);
    if (!mask.causal) seeing.begin = at_least(seeing.begin, own - window + 1);
  }
  if (mask.chunk > 0) {
    Range chunk = chunk_around(mask, s, key);
    seeing = {at_least(seeing.begin, chunk.begin - offset), at_most(seeing.end, chunk.end - offset)};
  }
  return {seeing.begin, at_least(seeing.end, seeing.begin)};
}

/// Whether each of the queries sees each of the keys.
inline bool all_seen(const AttentionMask& mask, const AttentionSegment& s, Range queries, Range keys) {
  if (s.key_mask) return false;
  if (keys.end <= s.prefix) return true;
  return keys.begin >= keys_seen(mask, s, queries.end - 1).begin && keys.end <= keys_seen(mask, s, queries.begin).end;
}

}  // namespace
}  // namespace malmoi::kernels
