// Rows by index: gathered, summed back to where they came from, and combined by weight.
#include "kernels/simd/common.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

template <typename T>
void gather(const GatherRowsArgs& a) {
  size_t bytes = sizeof(T) * static_cast<size_t>(a.cols);
  parallel_for(a.rows, row_grain(a.cols), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      T* y = as<T>(a.y) + i * a.cols;
      if (a.index[i] < 0) {
        __builtin_memset(y, 0, bytes);
      } else {
        __builtin_memcpy(y, as<T>(a.x) + int64_t{a.index[i]} * a.cols, bytes);
      }
    }
  });
}

/// from[starts[r] .. starts[r + 1]) are the places i with index[i] == r, in order (counting sort).
void sort_places(const GatherRowsBackwardArgs& a, int32_t* starts, int32_t* from) {
  __builtin_memset(starts, 0, sizeof(int32_t) * static_cast<size_t>(a.source_rows + 1));
  for (int64_t i = 0; i < a.rows; ++i) {
    if (a.index[i] >= 0) ++starts[a.index[i] + 1];
  }
  for (int64_t r = 0; r < a.source_rows; ++r) starts[r + 1] += starts[r];
  for (int64_t i = 0; i < a.rows; ++i) {
    if (a.index[i] >= 0) from[starts[a.index[i]]++] = static_cast<int32_t>(i);
  }
  for (int64_t r = a.source_rows; r > 0; --r) starts[r] = starts[r - 1];
  starts[0] = 0;
}

template <typename T>
void gather_backward(const GatherRowsBackwardArgs& a) {
  int32_t *starts = as<int32_t>(a.scratch), *from = starts + a.source_rows + 1;
  sort_places(a, starts, from);
  parallel_for(a.source_rows, row_grain(a.cols), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      T* dx = as<T>(a.dx) + r * a.cols;
      each_vec(a.cols, [&](int64_t c, auto w) MALMOI_INLINED {
        Vec sum = zero();
        for (int32_t i = starts[r]; i < starts[r + 1]; ++i) sum += load(as<T>(a.dy) + from[i] * a.cols + c, w);
        store(dx + c, sum, w);
      });
    }
  });
}

template <typename T>
void combine(const CombineRowsArgs& a) {
  parallel_for(a.rows, row_grain(a.cols * a.top_k), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const int32_t* slots = a.slot_of + r * a.top_k;
      const float* weights = a.weights ? as<float>(a.weights) + r * a.top_k : nullptr;
      T* y = as<T>(a.y) + r * a.cols;
      each_vec(a.cols, [&](int64_t c, auto w) MALMOI_INLINED {
        Vec sum = zero();
        for (int64_t k = 0; k < a.top_k; ++k) {
          Vec x = load(as<T>(a.x) + slots[k] * a.cols + c, w);
          sum = weights ? fma(x, all(weights[k]), sum) : sum + x;
        }
        store(y + c, sum, w);
      });
    }
  });
}

template <typename T>
void combine_backward(const CombineRowsBackwardArgs& b) {
  const CombineRowsArgs& a = b.forward;
  parallel_for(a.rows, row_grain(a.cols * a.top_k), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin * a.top_k; i < end * a.top_k; ++i) {
      const T* dy = as<T>(b.dy) + i / a.top_k * a.cols;
      const T* x = b.dweights ? as<T>(a.x) + a.slot_of[i] * a.cols : nullptr;
      T* dx = b.dx ? as<T>(b.dx) + a.slot_of[i] * a.cols : nullptr;
      Vec weight = all(a.weights ? as<float>(a.weights)[i] : 1.0f), dot = zero();
      each_vec(a.cols, [&](int64_t c, auto w) MALMOI_INLINED {
        Vec d = load(dy + c, w);
        if (x) dot = fma(d, load(x + c, w), dot);
        if (dx) store(dx + c, weight * d, w);
      });
      if (b.dweights) as<float>(b.dweights)[i] = reduce_add(dot);
    }
  });
}

}  // namespace

void gather_rows(Stream&, const GatherRowsArgs& a) {
  with_type(a.dtype, [&](auto type) { gather<decltype(type)>(a); });
}

void gather_rows_backward(Stream&, const GatherRowsBackwardArgs& a) {
  with_type(a.dtype, [&](auto type) { gather_backward<decltype(type)>(a); });
}

void combine_rows(Stream&, const CombineRowsArgs& a) {
  with_type(a.dtype, [&](auto type) { combine<decltype(type)>(a); });
}

void combine_rows_backward(Stream&, const CombineRowsBackwardArgs& b) {
  with_type(b.forward.dtype, [&](auto type) { combine_backward<decltype(type)>(b); });
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
