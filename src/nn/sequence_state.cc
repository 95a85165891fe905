#include "nn/sequence_state.h"

#include <algorithm>
#include <cstring>

namespace malmoi::nn {

void SequenceState::reserve(int64_t length) {
  if (length <= capacity_) return;
  int64_t capacity = std::max<int64_t>({length, capacity_ * 2, 64});
  size_t used = static_cast<size_t>(length_ * spec_.kv_width) * dtype_size(dtype_);
  layers_.resize(static_cast<size_t>(spec_.layers));
  for (Layer& layer : layers_) {
    for (Tensor* tensor : {&layer.keys, &layer.values}) {
      Tensor grown = Tensor::zeros(dtype_, {capacity, spec_.kv_width});
      if (used > 0) std::memcpy(grown.data(), tensor->data(), used);
      *tensor = std::move(grown);
    }
  }
  capacity_ = capacity;
}

void SequenceState::write(int64_t layer, const void* k, const void* v, int64_t n, int64_t stride) {
  reserve(length_ + n);
  size_t element = dtype_size(dtype_), row = static_cast<size_t>(spec_.kv_width) * element;
  Layer& target = layers_[static_cast<size_t>(layer)];
  for (int64_t i = 0; i < n; ++i) {
    size_t to = static_cast<size_t>(length_ + i) * row, from = static_cast<size_t>(i * stride) * element;
    std::memcpy(static_cast<std::byte*>(target.keys.data()) + to, static_cast<const std::byte*>(k) + from, row);
    std::memcpy(static_cast<std::byte*>(target.values.data()) + to, static_cast<const std::byte*>(v) + from, row);
  }
}

size_t SequenceState::bytes() const {
  return static_cast<size_t>(2 * spec_.layers * capacity_ * spec_.kv_width) * dtype_size(dtype_);
}

}  // namespace malmoi::nn
