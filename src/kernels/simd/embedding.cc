// Embedding lookup, its gradient by rows sorted by id, and rotary positions.
#include "kernels/simd/common.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

/// A row of a table of any type.
struct TableRow {
  const std::byte* data;
  DType dtype;
};

TableRow table_row(const EmbeddingTable& table, int64_t id, int64_t cols) {
  int64_t size = table.dtype == DType::kF32 ? 4 : 2;
  return {as<std::byte>(table.rows) + id * cols * size, table.dtype};
}

template <typename Width>
MALMOI_INLINE Vec load(const TableRow& row, int64_t i, Width w) {
  switch (row.dtype) {
    case DType::kBF16: return load(as<BF16>(row.data) + i, w);
    case DType::kF16: return load(as<F16>(row.data) + i, w);
    default: return load(as<float>(row.data) + i, w);
  }
}

template <typename T>
void embed_rows(const EmbeddingArgs& a) {
  parallel_for(a.rows, row_grain(a.cols), [&](int64_t begin, int64_t end) {
    Vec scale = all(a.scale);
    for (int64_t r = begin; r < end; ++r) {
      const T* base = a.base ? as<T>(a.base) + r * a.cols : nullptr;
      TableRow rows[kMaxEmbeddingTables];
      for (int k = 0; k < a.num_tables; ++k) rows[k] = table_row(a.tables[k], a.tables[k].ids[r], a.cols);
      T* y = as<T>(a.y) + r * a.cols;
      each_masked(a.dropout, static_cast<uint64_t>(r * a.cols), a.cols,
                  [&](int64_t i, Vec factor, auto w) MALMOI_INLINED {
                    Vec v = base ? load(base + i, w) : zero();
                    for (int k = 0; k < a.num_tables; ++k) v += load(rows[k], i, w);
                    store(y + i, v * scale * factor, w);
                  });
    }
  });
}

/// rows[starts[id] .. starts[id + 1]) are the rows that hold id, in order (counting sort); their number. Rows of padding
/// are left out.
int64_t sort_rows(const EmbeddingBackwardArgs& a, int32_t* starts, int32_t* rows) {
  __builtin_memset(starts, 0, sizeof(int32_t) * static_cast<size_t>(a.vocab + 1));
  for (int64_t r = 0; r < a.rows; ++r) starts[a.ids[r]] += a.ids[r] != a.padding_id;
  int32_t total = 0;
  for (int64_t id = 0; id <= a.vocab; ++id) {
    int32_t count = starts[id];
    starts[id] = total;
    total += count;
  }
  for (int64_t r = 0; r < a.rows; ++r) {
    if (a.ids[r] != a.padding_id) rows[starts[a.ids[r]]++] = static_cast<int32_t>(r);
  }
  for (int64_t id = a.vocab; id > 0; --id) starts[id] = starts[id - 1];
  starts[0] = 0;
  return total;
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
  int64_t sorted = sort_rows(a, starts, rows);
  parallel_for(sorted, row_grain(a.cols), [&](int64_t begin, int64_t end) {
    while (begin > 0 && begin < end && a.ids[rows[begin]] == a.ids[rows[begin - 1]]) ++begin;
    if (begin == end) return;
    while (end < sorted && a.ids[rows[end]] == a.ids[rows[end - 1]]) ++end;
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
  with_type(a.dtype, [&](auto type) { embed_rows<decltype(type)>(a); });
}

void embedding_backward(Stream&, const EmbeddingBackwardArgs& a) {
  with_type(a.dtype, [&](auto type) { embed_backward_rows<decltype(type)>(a); });
}

void rotary(Stream&, const RotaryArgs& a) {
  with_type(a.dtype, [&](auto type) { rotate_rows<decltype(type)>(a); });
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
