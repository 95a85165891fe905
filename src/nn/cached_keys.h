// What attention modules share that read their keys from the states of a batch.
#pragma once

#include <vector>

#include "nn/batch.h"

namespace malmoi::nn {

inline const void* row_at(const Tensor& rows, int64_t row, int64_t column) {
  return element_at(rows.data(), rows.dtype(), row * rows.shape().columns() + column);
}

inline autograd::CachedKeys cached(const KeyPages& pages) {
  return {.k_pages = pages.k_pages, .v_pages = pages.v_pages, .length = pages.length, .begin = pages.begin};
}

/// Columns [column, column + width) of rows as the states of a batch keep them: where they stand, or in 8 bits.
class KeptRows {
 public:
  KeptRows(autograd::Context& context, const Tensor& rows, int64_t column, int64_t width, bool in_bytes)
      : rows_(in_bytes ? context.scratch(static_cast<size_t>(rows.shape().rows()) * kernels::byte_row_bytes(width))
                       : rows),
        column_(in_bytes ? 0 : column),
        stride_(in_bytes ? static_cast<int64_t>(kernels::byte_row_bytes(width)) : rows.shape().columns()),
        element_(in_bytes ? 1 : static_cast<int64_t>(dtype_size(rows.dtype()))) {
    if (!in_bytes) return;
    context.step("keys in 8 bits", 0, [&] {
      context.backend->to_byte_rows(*context.stream, {.dtype = rows.dtype(),
                                                      .rows = rows.shape().rows(),
                                                      .width = width,
                                                      .x = row_at(rows, 0, column),
                                                      .x_stride = rows.shape().columns(),
                                                      .out = rows_.data()});
    });
  }
  const void* row(int64_t r) const {
    return static_cast<const std::byte*>(rows_.data()) + (r * stride_ + column_) * element_;
  }
  int64_t stride() const { return stride_; }

 private:
  Tensor rows_;
  int64_t column_, stride_, element_;
};

/// Keys of states, run by run: in a buffer that is reused from call to call.
inline std::vector<autograd::CachedKeys>& cached_buffer() {
  static thread_local std::vector<autograd::CachedKeys> buffer;
  buffer.clear();
  return buffer;
}

/// `width`: of a row of keys, and of a row of values, in elements.
inline void use_cache(autograd::AttentionOptions& options, const std::vector<autograd::CachedKeys>& keys, int64_t width,
                      bool in_bytes = false) {
  options.cached = keys;
  options.cached_in_bytes = in_bytes;
  options.cached_k_stride = options.cached_v_stride =
      in_bytes ? static_cast<int64_t>(kernels::byte_row_bytes(width)) : width;
  options.page_rows = StatePool::kPageRows;
}

}  // namespace malmoi::nn
