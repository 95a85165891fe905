// The state of one sequence being served: keys and values of what was read, layer by layer.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/error.h"
#include "tensor/tensor.h"

namespace malmoi::nn {

/// What a family keeps for each position of each layer. Families declare it; the engine stores, copies and drops it.
struct StateSpec {
  int64_t layers = 0;
  int64_t kv_width = 0;  // elements of a position's keys, and as many of its values
};

/// Keys and values of one sequence, growing by doubling. One thread at a time.
class SequenceState {
 public:
  SequenceState(const StateSpec& spec, DType dtype) : spec_(spec), dtype_(dtype) {}

  int64_t length() const { return length_; }
  /// Makes room for `length` positions in every layer.
  void reserve(int64_t length);
  /// Copies n positions' keys and values (rows of `stride` elements) behind the first length() ones of a layer.
  void write(int64_t layer, const void* k, const void* v, int64_t n, int64_t stride);
  /// Counts n positions as read, once every layer has written them.
  void advance(int64_t n) { length_ += n; }
  /// Forgets everything from position `length` on.
  void truncate(int64_t length) { length_ = length < length_ ? length : length_; }
  const void* keys(int64_t layer) const { return layers_[static_cast<size_t>(layer)].keys.data(); }
  const void* values(int64_t layer) const { return layers_[static_cast<size_t>(layer)].values.data(); }
  const StateSpec& spec() const { return spec_; }
  DType dtype() const { return dtype_; }
  size_t bytes() const;

 private:
  struct Layer {
    Tensor keys, values;  // [capacity, kv_width]
  };
  StateSpec spec_;
  DType dtype_;
  int64_t length_ = 0, capacity_ = 0;
  std::vector<Layer> layers_;
};

}  // namespace malmoi::nn
