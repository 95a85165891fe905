// What both passes of the state space scan share: a chunk of one head in f32, and its states going forward through it.
//
// A state is [state_size][head_dim]; a tile of it (kScanRows rows, a few vectors of columns) stays in registers for all rows of a
// chunk. Its elements depend on no other tile, so a tile goes through the chunk alone and adds its part of each output row.
#pragma once

#include "kernels/scan_layout.h"
#include "kernels/simd/recurrent_state.h"
#include "kernels/simd/tile.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

constexpr int kScanVecs = kLanes == 16 ? 4 : 2;  // of columns: with kScanRows rows, half of the registers

/// Rows of one head, widened; B and C and the columns of x are padded with zeros to whole tiles.
struct ScanChunk {
  int64_t rows = 0;
  int64_t width = 0, states = 0;  // elements of a row of x and y, of B and C
  float* x = nullptr;             // dt x
  float* y = nullptr;
  float* b = nullptr;
  float* c = nullptr;
  float* dt = nullptr;
  float* decay = nullptr;
};

MALMOI_INLINE StateSize state_size_of(const SsdScanArgs& a) { return {a.state_size, a.head_dim}; }
MALMOI_INLINE StateSize padded_size_of(const SsdScanArgs& a) { return {scan_states(a), scan_width(a)}; }

MALMOI_INLINE void take_chunk(const SsdScanArgs& a, Scratch& scratch, int64_t rows, ScanChunk& chunk) {
  chunk.width = scan_width(a);
  chunk.states = scan_states(a);
  chunk.x = scratch.take<float>(rows * chunk.width);
  chunk.y = scratch.take<float>(rows * chunk.width);
  chunk.b = scratch.take<float>(rows * chunk.states);
  chunk.c = scratch.take<float>(rows * chunk.states);
  chunk.dt = scratch.take<float>(kScanChunk);
  chunk.decay = scratch.take<float>(kScanChunk);
}

/// dt after softplus and clamp, and its derivative by what went in.
struct StepSize {
  float dt, slope;
};

template <typename T>
StepSize step_size(const SsdScanArgs& a, int64_t row, int64_t head) {
  float raw = widen(as<T>(a.dt)[row * a.dt_stride + head]) + (a.dt_bias ? as<float>(a.dt_bias)[head] : 0.0f);
  Softplus soft = softplus(raw);
  if (soft.value < a.dt_min) return {a.dt_min, 0};
  if (soft.value > a.dt_max) return {a.dt_max, 0};
  return {soft.value, soft.slope};
}

/// A of a head.
MALMOI_INLINE float scan_rate(const SsdScanArgs& a, int64_t head) { return -__builtin_expf(as<float>(a.a_log)[head]); }

/// Fills the chunk with rows [first, first + count) of x, dt, B and C; y is left.
template <typename T>
void load_chunk(const SsdScanArgs& a, int64_t head, int64_t first, int64_t count, ScanChunk& chunk) {
  int64_t group = head / (a.heads / a.groups);
  float rate = scan_rate(a, head);
  chunk.rows = count;
  for (int64_t t = 0; t < count; ++t) {
    int64_t row = first + t;
    float dt = step_size<T>(a, row, head).dt;
    chunk.dt[t] = dt;
    chunk.decay[t] = __builtin_expf(rate * dt);
    widen_row(as<T>(a.x) + row * a.x_stride + head * a.head_dim, a.head_dim, dt, chunk.x + t * chunk.width,
              chunk.width);
    widen_row(as<T>(a.b) + row * a.b_stride + group * a.state_size, a.state_size, 1.0f, chunk.b + t * chunk.states,
              chunk.states);
    widen_row(as<T>(a.c) + row * a.c_stride + group * a.state_size, a.state_size, 1.0f, chunk.c + t * chunk.states,
              chunk.states);
  }
}

/// One tile, rows [n, n + kScanRows) and V vectors of columns from p, through the chunk; `state` is the tile's first element.
template <int V, bool kOutput>
void advance_tile(const ScanChunk& chunk, float* state, int64_t ld, int64_t n, int64_t p) {
  Vec h[kScanRows * V];
  each_index<kScanRows * V>(
      [&](auto r) MALMOI_INLINED { h[r.value] = load(state + r.value / V * ld + r.value % V * kLanes, Full{}); });
  for (int64_t t = 0; t < chunk.rows; ++t) {
    const float *b = chunk.b + t * chunk.states + n, *c = chunk.c + t * chunk.states + n;
    const float* x = chunk.x + t * chunk.width + p;
    float* y = chunk.y + t * chunk.width + p;
    Vec decay = all(chunk.decay[t]), xs[V], ys[V];
    each_index<V>([&](auto v) MALMOI_INLINED {
      xs[v.value] = load(x + v.value * kLanes, Full{});
      if constexpr (kOutput) ys[v.value] = load(y + v.value * kLanes, Full{});
    });
    each_index<kScanRows>([&](auto i) MALMOI_INLINED {
      Vec from = all(b[i.value]), to = all(c[i.value]);
      each_index<V>([&](auto v) MALMOI_INLINED {
        Vec& s = h[i.value * V + v.value];
        s = fma(from, xs[v.value], decay * s);
        if constexpr (kOutput) ys[v.value] = fma(to, s, ys[v.value]);
      });
    });
    if constexpr (kOutput) {
      each_index<V>([&](auto v) MALMOI_INLINED { store(y + v.value * kLanes, ys[v.value], Full{}); });
    }
  }
  each_index<kScanRows * V>(
      [&](auto r) MALMOI_INLINED { store(state + r.value / V * ld + r.value % V * kLanes, h[r.value], Full{}); });
}

/// The state [rows][ld] through the chunk; columns in whole vectors, rows in whole tiles.
template <bool kOutput>
void advance(const ScanChunk& chunk, float* state, int64_t ld, int64_t rows, int64_t columns) {
  for (int64_t n = 0; n < rows; n += kScanRows) {
    float* row = state + n * ld;
    int64_t p = 0;
    for (; p + kScanVecs * kLanes <= columns; p += kScanVecs * kLanes) {
      advance_tile<kScanVecs, kOutput>(chunk, row + p, ld, n, p);
    }
    for (; p < columns; p += kLanes) advance_tile<1, kOutput>(chunk, row + p, ld, n, p);
  }
}

}  // namespace
}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
