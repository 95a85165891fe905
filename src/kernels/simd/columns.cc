// Copies of columns, and their gradients back.
#include "kernels/simd/common.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

template <typename T>
void copy(const CopyColumnsArgs& a) {
  parallel_for(a.rows, row_grain(a.cols), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const T* x = as<T>(a.x) + r * a.x_stride;
      T* y = as<T>(a.y) + r * a.y_stride;
      if (a.accumulate) {
        each_vec(a.cols, [&](int64_t i, auto w) MALMOI_INLINED { store(y + i, load(y + i, w) + load(x + i, w), w); });
      } else {
        __builtin_memcpy(y, x, sizeof(T) * static_cast<size_t>(a.cols));
      }
    }
  });
}

}  // namespace

void copy_columns(Stream&, const CopyColumnsArgs& a) {
  with_type(a.dtype, [&](auto type) { copy<decltype(type)>(a); });
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
