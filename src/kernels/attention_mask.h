// Attention's mask as ranges: which keys a query sees and which queries see a key, the same for every instruction set.
#pragma once

#include "kernels/contract/attention.h"

namespace malmoi::kernels {
namespace {  // included by files of several instruction sets: nothing here may be shared by the linker

struct Range {
  int64_t begin, end;  // empty where end <= begin
};

constexpr int64_t at_least(int64_t x, int64_t bound) { return x < bound ? bound : x; }
constexpr int64_t at_most(int64_t x, int64_t bound) { return x > bound ? bound : x; }

/// Where in the keys the chunk begins that holds the key (or query) at a position, which may be before all keys.
inline int64_t chunk_begin(const AttentionMask& mask, const AttentionSegment& s, int64_t position) {
  int64_t place = position + s.k_begin, rest = place % mask.chunk;
  return position - (rest < 0 ? rest + mask.chunk : rest);
}

/// Keys of the segment's prefix.
inline int64_t prefix_keys(const AttentionSegment& s) { return at_most(s.prefix, s.k_length); }

/// Keys that query i of the segment sees beside those of the prefix, the key mask apart. Both ends grow with i.
inline Range keys_seen(const AttentionMask& mask, const AttentionSegment& s, int64_t query) {
  int64_t position = query + s.k_length - s.q_length;
  Range seen{0, s.k_length};
  if (mask.causal) seen.end = at_most(seen.end, position + 1);
  if (mask.window > 0) {
    // Compared this way round, a window as long as the type can say does not overflow.
    if (mask.window <= position - seen.begin) seen.begin = position - mask.window + 1;
    if (!mask.causal && mask.window < seen.end - position) seen.end = position + mask.window;
  }
  if (mask.chunk > 0) {
    int64_t chunk = chunk_begin(mask, s, position);
    seen.begin = at_least(seen.begin, chunk);
    if (mask.chunk < seen.end - chunk) seen.end = chunk + mask.chunk;
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
    if (mask.window < seeing.end - own) seeing.end = own + mask.window;
    if (!mask.causal && mask.window <= own - seeing.begin) seeing.begin = own - mask.window + 1;
  }
  if (mask.chunk > 0) {
    int64_t chunk = chunk_begin(mask, s, key) - offset;
    seeing.begin = at_least(seeing.begin, chunk);
    if (mask.chunk < seeing.end - chunk) seeing.end = chunk + mask.chunk;
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
