// Block sizes of attention and the scratch they need, the same for every instruction set.
#pragma once

#include "kernels/contract/attention.h"

namespace malmoi::kernels {
namespace {  // included by files of several instruction sets: nothing here may be shared by the linker

constexpr int64_t kForwardQueries = 64, kForwardKeys = 48;  // a tile of scores: 12 KiB; keys go by the rows of tiles
constexpr int64_t kBackwardQueries = 64, kBackwardKeys = 48;
constexpr int64_t kDirectKeys = 128;   // at a time, by queries that read keys as they lie
constexpr int64_t kDirectQueries = 4;  // segments of so few queries read keys as they lie, without packing
constexpr int64_t kWideLanes = 16;     // the most lanes of any instruction set

constexpr int64_t round_to(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

/// Elements of 4 bytes that one worker of the forward pass needs.
inline int64_t forward_words(const AttentionArgs& a) {
  int64_t keys = 0, wide = round_to(a.head_dim, kWideLanes);
  for (int64_t i = 0; i < a.num_segments; ++i) {
    const AttentionSegment& s = a.segments[i];
    if (s.q_length > kDirectQueries && s.k_length > keys) keys = s.k_length;
  }
  int64_t direct = 2 * kDirectKeys + 2 * wide;
  keys = round_to(keys, kForwardKeys);
  int64_t packed = keys * 2 * wide + 3 * kForwardQueries * wide + 3 * kForwardQueries * kForwardKeys;
  return round_to(packed > direct ? packed : direct, kWideLanes) + 32 * kWideLanes;
}

/// The same of the backward pass.
inline int64_t backward_words(const AttentionArgs& a) {
  int64_t queries = 0, keys = 0, wide = round_to(a.head_dim, kWideLanes);
  for (int64_t i = 0; i < a.num_segments; ++i) {
    const AttentionSegment& s = a.segments[i];
    if (s.q_length > queries) queries = s.q_length;
    if (s.k_length > keys) keys = s.k_length;
  }
  queries = round_to(queries, kBackwardQueries);
  keys = a.heads == a.kv_heads ? kBackwardKeys : round_to(keys, kBackwardKeys);
  constexpr int64_t kTile = kBackwardQueries * kBackwardKeys;
  return round_to(queries * (3 * wide + 2 * wide + 2) + 2 * keys * wide + 3 * kBackwardKeys * wide +
                      2 * kBackwardQueries * wide + 7 * kTile,
                  kWideLanes) +
         64 * kWideLanes;
}

}  // namespace
}  // namespace malmoi::kernels
