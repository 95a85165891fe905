// Oracle of copies of columns.
#include "kernels/ref/ref.h"

namespace malmoi::kernels::ref {

void copy_columns(Stream&, const CopyColumnsArgs& a) {
  with_type(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    for (int64_t r = 0; r < a.rows; ++r) {
      for (int64_t c = 0; c < a.cols; ++c) {
        T& y = as<T>(a.y)[r * a.y_stride + c];
        put(y, get(as<T>(a.x)[r * a.x_stride + c]) + (a.accumulate ? get(y) : 0));
      }
    }
  });
}

}  // namespace malmoi::kernels::ref
