// Arrays of goldens.
#pragma once

#include <span>
#include <vector>

#include "base/file.h"
#include "formats/npy.h"

namespace malmoi::infer {

/// An array of a folder; empty if the folder has none of that name.
template <typename T>
struct Array {
  std::vector<int64_t> shape;
  std::vector<T> values;
  Array(const Path& file) {
    auto array = formats::NpyArray::open(file);
    if (!array.ok()) return;
    shape = array->shape();
    values = *array->template values<T>();
  }
  explicit operator bool() const { return !shape.empty(); }
  std::span<const T> row(int64_t i) const {
    auto width = values.size() / static_cast<size_t>(shape[0]);
    return {values.data() + static_cast<size_t>(i) * width, width};
  }
};

}  // namespace malmoi::infer
