// What attention modules share that read their keys from the states of a batch.
#pragma once

#include <vector>

#include "nn/batch.h"

namespace malmoi::nn {

inline const void* row_at(const Tensor& rows, int64_t row, int64_t column) {
  int64_t element = row * rows.shape().columns() + column;
  return static_cast<const std::byte*>(rows.data()) + element * static_cast<int64_t>(dtype_size(rows.dtype()));
}

inline autograd::CachedKeys cached(const KeyPages& pages) {
  return {.k_pages = pages.k_pages, .v_pages = pages.v_pages, .length = pages.length, .begin = pages.begin};
}

/// Keys of states, run by run: in a buffer that is reused from call to call.
inline std::vector<autograd::CachedKeys>& cached_buffer() {
  static thread_local std::vector<autograd::CachedKeys> buffer;
  buffer.clear();
  return buffer;
}

/// `width`: of a row of keys, and of a row of values.
inline void use_cache(autograd::AttentionOptions& options, const std::vector<autograd::CachedKeys>& keys,
                      int64_t width) {
  options.cached = keys;
  options.cached_k_stride = options.cached_v_stride = width;
  options.page_rows = StatePool::kPageRows;
}

}  // namespace malmoi::nn
