// What both passes of the gated delta rule share: a chunk of one head in f32, and what it writes into the state.
//
// Within a chunk d = beta (v - total S^T k - the decayed products of k with the k before it, times their d): a triangular
// system, solved row by row. All else is a product of small matrices.
#pragma once

#include "kernels/delta_rule_layout.h"
#include "kernels/simd/recurrent_state.h"
#include "kernels/simd/tile.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

constexpr int kSolveVecs = 2;  // of columns that are solved together

/// Rows of one head, widened and scaled, padded with zeros to whole vectors.
struct DeltaChunk {
  int64_t rows = 0;
  int64_t keys = 0, values = 0;  // elements of a row of q and k, of v
  float* kq = nullptr;           // [2 rows][keys]: all of k, then all of q
  float* kq_columns = nullptr;   // the same by columns: [keys][kDeltaPairs]
  float* read = nullptr;         // [2 rows][values]: what k, then q read of the state before the chunk
  float* d = nullptr;            // [rows][values]: v at first
  float* scores = nullptr;       // [2 rows][kDeltaChunk]: decayed k k^T below the diagonal, then decayed q k^T
  float* decays = nullptr;       // [rows][kDeltaChunk]: for j <= i, alpha of rows j + 1 .. i multiplied; else zero
  float *alpha = nullptr, *beta = nullptr;
  float* total = nullptr;  // alpha of rows 0 .. i multiplied

  float* q_read() const { return read + rows * values; }
  float* q_scores() const { return scores + rows * kDeltaChunk; }
  /// What is left of each row's d at the end of the chunk.
  const float* last_decays() const { return decays + (rows - 1) * kDeltaChunk; }
};

MALMOI_INLINE void take_chunk(const DeltaRuleArgs& a, Scratch& scratch, DeltaChunk& chunk) {
  chunk.keys = delta_keys(a);
  chunk.values = delta_values(a);
  chunk.kq = scratch.take<float>(kDeltaPairs * chunk.keys);
  chunk.kq_columns = scratch.take<float>(kDeltaPairs * chunk.keys);
  chunk.read = scratch.take<float>(kDeltaPairs * chunk.values);
  chunk.d = scratch.take<float>(kDeltaChunk * chunk.values);
  chunk.scores = scratch.take<float>(kDeltaPairs * kDeltaChunk);
  chunk.decays = scratch.take<float>(kDeltaChunk * kDeltaChunk);
  chunk.alpha = scratch.take<float>(kDeltaChunk);
  chunk.beta = scratch.take<float>(kDeltaChunk);
  chunk.total = scratch.take<float>(kDeltaChunk);
}

MALMOI_INLINE StateSize state_size_of(const DeltaRuleArgs& a) { return {a.key_dim, a.value_dim}; }
MALMOI_INLINE StateSize padded_size_of(const DeltaRuleArgs& a) { return {a.key_dim, delta_values(a)}; }

MALMOI_INLINE const Word* words(const float* p) { return reinterpret_cast<const Word*>(p); }

/// A product of matrices in f32: c[rows, columns] (+)= a[rows, steps] b[steps, columns].
struct Product {
  const float* a;
  int64_t lda;
  const float* b;
  int64_t ldb;
  float* c;
  int64_t ldc;
  bool add = false;
};
MALMOI_INLINE void multiply_matrices(const Product& p, int64_t rows, int64_t steps, int64_t columns) {
  tile_product<false>({words(p.a), p.lda, words(p.b), p.ldb, steps, p.c, p.ldc, p.add}, rows, columns);
}

/// out[c][r] = in[r][c]; columns of `out` beyond the last row are zero up to whole vectors.
MALMOI_INLINE void transpose(const float* in, int64_t ld_in, int64_t rows, int64_t cols, float* out, int64_t ld_out) {
  transpose_words(words(in), ld_in, rows, cols, reinterpret_cast<Word*>(out), ld_out);
}

MALMOI_INLINE float dot(const float* a, const float* b, int64_t n) {
  Vec sum = zero();
  each_vec(n, [&](int64_t i, auto w) MALMOI_INLINED { sum = fma(load(a + i, w), load(b + i, w), sum); });
  return reduce_add(sum);
}

/// to = factor * from.
MALMOI_INLINE void scale_row(const float* from, float factor, float* to, int64_t n) {
  Vec by = all(factor);
  each_vec(n, [&](int64_t i, auto w) MALMOI_INLINED { store(to + i, by * load(from + i, w), w); });
}

/// A row's decay and what it depends on.
struct Decay {
  float alpha, rate;  // rate: -exp(a_log)
  Softplus step;
};
template <typename T>
Decay decay_of(const DeltaRuleArgs& a, int64_t row, int64_t head) {
  Softplus step = softplus(widen(as<T>(a.a)[row * a.a_stride + head]) + as<float>(a.dt_bias)[head]);
  float rate = -__builtin_expf(as<float>(a.a_log)[head]);
  return {__builtin_expf(rate * step.value), rate, step};
}

MALMOI_INLINE float scalar_sigmoid(float x) { return 1.0f / (1.0f + __builtin_expf(-x)); }

/// Fills the chunk with rows [first, first + count) of q, k, v, a and b.
template <typename T>
void load_chunk(const DeltaRuleArgs& a, int64_t head, int64_t first, int64_t count, DeltaChunk& chunk) {
  int64_t key = head / (a.heads / a.key_heads) * a.key_dim;
  chunk.rows = count;
  for (int64_t t = 0; t < count; ++t) {
    int64_t row = first + t;
    widen_row(as<T>(a.k) + row * a.k_stride + key, a.key_dim, a.key_scale, chunk.kq + t * chunk.keys, chunk.keys);
    widen_row(as<T>(a.q) + row * a.q_stride + key, a.key_dim, a.query_scale, chunk.kq + (count + t) * chunk.keys,
              chunk.keys);
    widen_row(as<T>(a.v) + row * a.v_stride + head * a.value_dim, a.value_dim, 1.0f, chunk.d + t * chunk.values,
              chunk.values);
    chunk.alpha[t] = decay_of<T>(a, row, head).alpha;
    chunk.beta[t] = scalar_sigmoid(widen(as<T>(a.b)[row * a.b_stride + head]));
  }
}

/// Products rather than differences of sums of logarithms: nothing cancels, and what is gone is zero.
MALMOI_INLINE void multiply_decays(DeltaChunk& c) {
  int64_t width = lanes_of(c.rows);
  for (int64_t i = 0; i < c.rows; ++i) {
    float* row = c.decays + i * kDeltaChunk;
    for (int64_t j = 0; j < width; j += kLanes)
      store(row + j, i == 0 ? zero() : load(row - kDeltaChunk + j, Full{}) * all(c.alpha[i]), Full{});
    row[i] = 1.0f;
    c.total[i] = i == 0 ? c.alpha[0] : c.total[i - 1] * c.alpha[i];
  }
}

/// scores = decays times products of k and of q with k; a k is not compared with itself.
MALMOI_INLINE void score(DeltaChunk& c, int64_t key_dim) {
  transpose(c.kq, c.keys, 2 * c.rows, key_dim, c.kq_columns, kDeltaPairs);
  multiply_matrices({c.kq, c.keys, c.kq_columns, kDeltaPairs, c.scores, kDeltaChunk}, 2 * c.rows, key_dim, c.rows);
  for (int64_t i = 0; i < 2 * c.rows; ++i) {
    float* row = c.scores + i * kDeltaChunk;
    const float* decays = c.decays + i % c.rows * kDeltaChunk;
    for (int64_t j = 0; j < lanes_of(c.rows); j += kLanes)
      store(row + j, load(row + j, Full{}) * load(decays + j, Full{}), Full{});
    if (i < c.rows) row[i] = 0;
  }
}

/// Columns [p, p + N vectors) of d, which hold v.
template <int N>
void solve_columns(const DeltaChunk& c, int64_t p) {
  for (int64_t i = 0; i < c.rows; ++i) {
    const float *scores = c.scores + i * kDeltaChunk, *read = c.read + i * c.values + p;
    float* d = c.d + i * c.values + p;
    Vec sums[N], total = all(c.total[i]), beta = all(c.beta[i]);
    each_index<N>([&](auto v) MALMOI_INLINED {
      sums[v.value] = fnma(total, load(read + v.value * kLanes, Full{}), load(d + v.value * kLanes, Full{}));
    });
    for (int64_t j = 0; j < i; ++j) {
      const float* before = c.d + j * c.values + p;
      Vec by = all(scores[j]);
      each_index<N>([&](auto v) MALMOI_INLINED {
        sums[v.value] = fnma(by, load(before + v.value * kLanes, Full{}), sums[v.value]);
      });
    }
    each_index<N>([&](auto v) MALMOI_INLINED { store(d + v.value * kLanes, beta * sums[v.value], Full{}); });
  }
}

/// Makes d of v: reads the state before the chunk, scores, solves.
MALMOI_INLINE void solve_chunk(DeltaChunk& c, const float* state, int64_t ld, int64_t key_dim, int64_t value_dim) {
  multiply_decays(c);
  multiply_matrices({c.kq, c.keys, state, ld, c.read, c.values}, 2 * c.rows, key_dim, value_dim);
  score(c, key_dim);
  int64_t p = 0, columns = lanes_of(value_dim);
  for (; p + kSolveVecs * kLanes <= columns; p += kSolveVecs * kLanes) solve_columns<kSolveVecs>(c, p);
  for (; p < columns; p += kLanes) solve_columns<1>(c, p);
}

/// The state before the chunk becomes that after it; d is used up.
MALMOI_INLINE void write_chunk(DeltaChunk& c, float* state, int64_t ld, int64_t key_dim, int64_t value_dim) {
  int64_t columns = lanes_of(value_dim);
  for (int64_t i = 0; i < c.rows; ++i) scale_row(c.d + i * c.values, c.last_decays()[i], c.d + i * c.values, columns);
  for (int64_t n = 0; n < key_dim; ++n) scale_row(state + n * ld, c.total[c.rows - 1], state + n * ld, columns);
  multiply_matrices({c.kq_columns, kDeltaPairs, c.d, c.values, state, ld, true}, key_dim, c.rows, value_dim);
}

}  // namespace
}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
