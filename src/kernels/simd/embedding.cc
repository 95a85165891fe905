// Embedding lookup, its gradient by rows sorted by id, and rotary positions.
#include "kernels/simd/common.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

template <typename T, typename Table>
void embed_rows(const EmbeddingArgs& a) {
  parallel_for(a.rows, row_grain(a.cols), [&](int64_t begin, int64_t end) {
    Vec scale = all(a.scale);
    for (int64_t r = begin; r < end; ++r) {
      const Table* row = as<Table>(a.table) + int64_t{a.ids[r]} * a.cols;
      const Table* position = a.positions ? as<Table>(a.positions_table) + int64_t{a.positions[r]} * a.cols : nullptr;
      T* y = as<T>(a.y) + r * a.cols;
      each_masked(a.dropout, static_cast<uint64_t>(r * a.cols), a.cols,
                  [&](int64_t i, Vec factor, auto w) MALMOI_INLINED {
                    Vec v = load(row + i, w);
                    if (position) v += load(position + i, w);
                    store(y + i, v * scale * factor, w);
                  });
    }
  });
}

/// rows[starts[id] .. starts[id + 1]) are the rows that hold id, in order (counting sort).
void sort_rows(const EmbeddingBackwardArgs& a, int32_t* starts, int32_t* rows) {
  __builtin_memset(starts, 0, sizeof(int32_t) * static_cast<size_t>(a.vocab + 1));
  for (int64_t r = 0; r < a.rows; ++r) ++starts[a.ids[r]];
  int32_t total = 0;
  for (int64_t id = 0; id <= a.vocab; ++id) {
    int32_t count = starts[id];
    starts[id] = total;
    total += count;
  }
  for (int64_t r = 0; r < a.rows; ++r) rows[starts[a.ids[r]]++] = static_cast<int32_t>(r);
  for (int64_t id = a.vocab; id > 0; --id) starts[id] = starts[id - 1];
  starts[0] = 0;
}

template <typename T>
void add_row(const EmbeddingBackwardArgs& a, int64_t r, float* to) {
  const T* dy = as<T>(a.dy) + r * a.cols;
  Vec scale = all(a.scale);
  each_masked(a.dropout, static_cast<uint64_t>(r * a.cols), a.cols, [&](int64_t i, Vec factor, auto w) MALMOI_INLINED {
    store(to + i, fma(load(dy + i, w), scale * factor, load(to + i, w)), w);
  });
}

/// The sorted rows are shared out by id: a worker takes the ids that begin in its part.
template <typename T>
void embed_backward_rows(const EmbeddingBackwardArgs& a) {
  int32_t *starts = as<int32_t>(a.scratch), *rows = starts + a.vocab + 1;
  sort_rows(a, starts, rows);
  parallel_for(a.rows, row_grain(a.cols), [&](int64_t begin, int64_t end) {
    while (begin > 0 && begin < end && a.ids[rows[begin]] == a.ids[rows[begin - 1]]) ++begin;
    if (begin == end) return;
    while (end < a.rows && a.ids[rows[end]] == a.ids[rows[end - 1]]) ++end;
    for (int64_t i = begin; i < end; ++i) {
      add_row<T>(a, rows[i], as<float>(a.dtable) + int64_t{a.ids[rows[i]]} * a.cols);
    }
  });
}

/// Pairs (i, i + half): vectors of each half of the head.
template <typename T>
MALMOI_INLINE void rotate_halves(T* x, const float* cos, const float* sin, int64_t half, float sign) {
  each_vec(half, [&](int64_t i, auto w) MALMOI_INLINED {
    Vec c = load(cos + i, w), s = load(sin + i, w) * all(sign), p = load(x + i, w), q = load(x + half + i, w);
    store(x + i, fnma(q, s, p * c), w);
    store(x + half + i, fma(p, s, q * c), w);
  });
}

MALMOI_INLINE void put(float* y, float x) { *y = x; }
MALMOI_INLINE void put(BF16* y, float x) { store(y, all(x), Part{1}); }

/// Pairs (2i, 2i + 1), one at a time.
template <typename T>
MALMOI_INLINE void rotate_neighbours(T* x, const float* cos, const float* sin, int64_t half, float sign) {
  for (int64_t i = 0; i < half; ++i) {
    float c = cos[i], s = sin[i] * sign, p = widen(x[2 * i]), q = widen(x[2 * i + 1]);
    put(x + 2 * i, p * c - q * s);
    put(x + 2 * i + 1, q * c + p * s);
  }
}

template <typename T>
void rotate_rows(const RotaryArgs& a) {
  parallel_for(a.rows, row_grain(a.heads * a.head_dim), [&](int64_t begin, int64_t end) {
    int64_t half = a.rotary_dim / 2;
    float sign = a.inverse ? -1.0f : 1.0f;
    for (int64_t r = begin; r < end; ++r) {
      const float *cos = a.cos + a.positions[r] * half, *sin = a.sin + a.positions[r] * half;
      for (int64_t h = 0; h < a.heads; ++h) {
        T* x = as<T>(a.x) + r * a.row_stride + h * a.head_dim;
        if (a.interleaved) {
          rotate_neighbours(x, cos, sin, half, sign);
        } else {
          rotate_halves(x, cos, sin, half, sign);
        }
      }
    }
  });
}

}  // namespace

void embedding(Stream&, const EmbeddingArgs& a) {
  with_type(a.dtype, [&](auto type) {
    with_type(a.table_dtype, [&](auto table) { embed_rows<decltype(type), decltype(table)>(a); });
  });
}

void embedding_backward(Stream&, const EmbeddingBackwardArgs& a) {
  with_type(a.dtype, [&](auto type) { embed_backward_rows<decltype(type)>(a); });
}

void rotary(Stream&, const RotaryArgs& a) {
  with_type(a.dtype, [&](auto type) { rotate_rows<decltype(type)>(a); });
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
