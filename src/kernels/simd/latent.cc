// What latent attention needs beside attention: rows of heads taken apart and put together, and a matrix for each head.
#include "kernels/simd/common.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

template <typename T>
MALMOI_INLINE void copy(T* to, const T* from, int64_t n) {
  __builtin_memcpy(to, from, sizeof(T) * static_cast<size_t>(n));
}

/// The first n of part h of a row of parts; null: zeros.
template <typename T>
MALMOI_INLINE void copy_part(T* to, const T* from, int64_t h, int64_t width, int64_t n) {
  if (from) copy(to, from + h * width, n);
  else __builtin_memset(to, 0, sizeof(T) * static_cast<size_t>(n));
}

template <typename T>
void copy_columns_row(const CopyColumnsArgs& a, int64_t r) {
  const T* x = as<T>(a.x) + r * a.x_stride;
  T* y = as<T>(a.y) + r * a.y_stride;
  if (!a.accumulate) return copy(y, x, a.cols);
  each_vec(a.cols, [&](int64_t c, auto w) MALMOI_INLINED { store(y + c, load(y + c, w) + load(x + c, w), w); });
}

template <typename T>
void latent_keys_row(const LatentKeysArgs& a, int64_t r) {
  const T *own = as<T>(a.own) + r * a.heads * (a.own_dim + a.value_dim),
          *shared = as<T>(a.shared) + r * a.shared_stride;
  T *key = as<T>(a.keys) + r * a.heads * (a.own_dim + a.shared_dim),
    *value = as<T>(a.values) + r * a.heads * a.value_dim;
  for (int64_t h = 0; h < a.heads; ++h) {
    copy(key, own, a.own_dim);
    copy(key + a.own_dim, shared, a.shared_dim);
    copy(value, own + a.own_dim, a.value_dim);
    own += a.own_dim + a.value_dim;
    key += a.own_dim + a.shared_dim;
    value += a.value_dim;
  }
}

template <typename T>
void latent_keys_backward_row(const LatentKeysBackwardArgs& b, int64_t r) {
  const LatentKeysArgs& a = b.forward;
  int64_t width = a.own_dim + a.shared_dim;
  const T* dkeys = b.dkeys ? as<T>(b.dkeys) + r * a.heads * width : nullptr;
  const T* dvalues = b.dvalues ? as<T>(b.dvalues) + r * a.heads * a.value_dim : nullptr;
  T *down = as<T>(b.down) + r * a.heads * (a.own_dim + a.value_dim), *dshared = as<T>(b.dshared) + r * b.dshared_stride;
  for (int64_t h = 0; h < a.heads; ++h, down += a.own_dim + a.value_dim) {
    copy_part(down, dkeys, h, width, a.own_dim);
    copy_part(down + a.own_dim, dvalues, h, a.value_dim, a.value_dim);
  }
  if (!dkeys) return;
  each_vec(a.shared_dim, [&](int64_t c, auto w) MALMOI_INLINED {
    Vec sum = load(dshared + c, w);
    for (int64_t h = 0; h < a.heads; ++h) sum += load(dkeys + h * width + a.own_dim + c, w);
    store(dshared + c, sum, w);
  });
}

/// M rows of one head. Each output is summed in one order, whatever M is and whatever else is computed beside it.
template <int M, typename T, typename W>
class HeadRows {
 public:
  HeadRows(const HeadProductArgs& a, int64_t row, int64_t head)
      : a_(a),
        x_(as<T>(a.x) + row * a.x_stride + head * a.x_head),
        w_(as<W>(a.w) + head * a.w_head),
        y_(as<T>(a.y) + row * a.y_stride + head * a.y_head) {}

  void run() {
    a_.transposed ? by_rows_of_w() : by_dots();
    for (int m = 0; a_.tail > 0 && m < M; ++m)
      copy(y_ + m * a_.y_stride + a_.out, x_ + m * a_.x_stride + a_.in, a_.tail);
  }

 private:
  void by_rows_of_w() {
    int64_t o = 0;
    for (; o + 2 * kLanes <= a_.out; o += 2 * kLanes) weigh<2>(o, Full{});
    each_vec(a_.out - o, [&](int64_t i, auto width) MALMOI_INLINED { weigh<1>(o + i, width); });
  }

  /// Outputs from `o` on: N vectors.
  template <int N, typename Width>
  MALMOI_INLINE void weigh(int64_t o, Width width) {
    Vec sums[M * N];
    each_index<M * N>([&](auto i) MALMOI_INLINED { sums[i.value] = zero(); });
    for (int64_t k = 0; k < a_.in; ++k) {
      Vec ws[N];
      each_index<N>([&](auto j) MALMOI_INLINED { ws[j.value] = load(w_ + k * a_.out + o + j.value * kLanes, width); });
      each_index<M>([&](auto m) MALMOI_INLINED {
        Vec x = all(widen(x_[m.value * a_.x_stride + k]));
        each_index<N>([&](auto j) MALMOI_INLINED {
          Vec& sum = sums[m.value * N + j.value];
          sum = fma(x, ws[j.value], sum);
        });
      });
    }
    each_index<M * N>([&](auto i) MALMOI_INLINED {
      store(y_ + i.value / N * a_.y_stride + o + i.value % N * kLanes, sums[i.value], width);
    });
  }

  void by_dots() {
    int64_t o = 0;
    for (; o + 4 <= a_.out; o += 4) dots<4>(o);
    for (; o < a_.out; ++o) dots<1>(o);
  }

  /// N outputs from `o` on.
  template <int N>
  MALMOI_INLINE void dots(int64_t o) {
    Vec sums[M * N];
    each_index<M * N>([&](auto i) MALMOI_INLINED { sums[i.value] = zero(); });
    each_vec(a_.in, [&](int64_t k, auto width) MALMOI_INLINED {
      Vec xs[M];
      each_index<M>([&](auto m) MALMOI_INLINED { xs[m.value] = load(x_ + m.value * a_.x_stride + k, width); });
      each_index<N>([&](auto j) MALMOI_INLINED {
        Vec w = load(w_ + (o + j.value) * a_.in + k, width);
        each_index<M>([&](auto m) MALMOI_INLINED {
          Vec& sum = sums[m.value * N + j.value];
          sum = fma(xs[m.value], w, sum);
        });
      });
    });
    each_index<M * N>([&](auto i) MALMOI_INLINED {
      put(y_ + i.value / N * a_.y_stride + o + i.value % N, reduce_add(sums[i.value]));
    });
  }

  const HeadProductArgs& a_;
  const T* x_;
  const W* w_;
  T* y_;
};

template <typename T, typename W>
void products_of_heads(const HeadProductArgs& a) {
  constexpr int64_t kRows = 32;  // a head's matrix passes once for so many rows
  int64_t blocks = (a.rows + kRows - 1) / kRows, cost = min_of(a.rows, kRows) * a.in * a.out;
  parallel_for(a.heads * blocks, row_grain(cost), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      int64_t head = i / blocks, row = i % blocks * kRows, last = min_of(row + kRows, a.rows);
      for (; row + 4 <= last; row += 4) HeadRows<4, T, W>(a, row, head).run();
      for (; row < last; ++row) HeadRows<1, T, W>(a, row, head).run();
    }
  });
}

template <typename T>
void with_weight(const HeadProductArgs& a) {
  switch (a.w_dtype) {
    case DType::kF32: return products_of_heads<T, float>(a);
    case DType::kBF16: return products_of_heads<T, BF16>(a);
    case DType::kF16: return products_of_heads<T, F16>(a);
    default: __builtin_trap();
  }
}

}  // namespace

void copy_columns(Stream&, const CopyColumnsArgs& a) {
  with_type(a.dtype, [&](auto type) {
    parallel_for(a.rows, row_grain(a.cols), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) copy_columns_row<decltype(type)>(a, r);
    });
  });
}

void latent_keys(Stream&, const LatentKeysArgs& a) {
  with_type(a.dtype, [&](auto type) {
    int64_t width = a.heads * (a.own_dim + a.shared_dim + a.value_dim);
    parallel_for(a.rows, row_grain(width), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) latent_keys_row<decltype(type)>(a, r);
    });
  });
}

void latent_keys_backward(Stream&, const LatentKeysBackwardArgs& b) {
  with_type(b.forward.dtype, [&](auto type) {
    const LatentKeysArgs& a = b.forward;
    int64_t width = a.heads * (a.own_dim + a.shared_dim + a.value_dim);
    parallel_for(a.rows, row_grain(width), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) latent_keys_backward_row<decltype(type)>(b, r);
    });
  });
}

void head_product(Stream&, const HeadProductArgs& a) {
  with_type(a.dtype, [&](auto type) { with_weight<decltype(type)>(a); });
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
