// Tensor: a cheap value (pointer, type, shape) over storage that is counted; row-major and contiguous.
#pragma once

#include <array>
#include <cassert>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>

#include "tensor/arena.h"
#include "tensor/dtype.h"

namespace malmoi {

/// Up to four dimensions, the last one contiguous.
class Shape {
 public:
  static constexpr int kMaxRank = 4;
  Shape() = default;
  Shape(std::initializer_list<int64_t> dims) {
    assert(dims.size() <= kMaxRank);
    for (int64_t d : dims) dims_[static_cast<size_t>(rank_++)] = d;
  }
  int rank() const { return rank_; }
  int64_t operator[](int i) const { return dims_[static_cast<size_t>(i)]; }
  int64_t elements() const {
    int64_t n = 1;
    for (int i = 0; i < rank_; ++i) n *= dims_[static_cast<size_t>(i)];
    return n;
  }
  /// The size of the last dimension, 1 for a scalar.
  int64_t columns() const { return rank_ == 0 ? 1 : dims_[static_cast<size_t>(rank_ - 1)]; }
  /// The product of all dimensions but the last.
  int64_t rows() const { return columns() == 0 ? 0 : elements() / columns(); }
  bool operator==(const Shape&) const = default;
  std::string to_string() const;

 private:
  std::array<int64_t, kMaxRank> dims_{};
  int rank_ = 0;
};

/// Where a tensor's bytes live. Counted without locks: tensors of one arena belong to the thread that owns it.
struct Storage {
  void* data = nullptr;
  size_t bytes = 0;
  int32_t references = 0;
  Arena* arena = nullptr;  // null: from the system
  class StoragePool* pool = nullptr;
};

/// Recycles Storage records, so that making and dropping tensors allocates nothing once warm.
class StoragePool {
 public:
  StoragePool() = default;
  StoragePool(const StoragePool&) = delete;
  StoragePool& operator=(const StoragePool&) = delete;
  Storage* take();
  void give_back(Storage* storage) { idle_.push_back(storage); }

 private:
  std::vector<std::unique_ptr<Storage>> all_;
  std::vector<Storage*> idle_;
};

class Tensor {
 public:
  Tensor() = default;
  /// Uninitialised, in the arena, until the last copy is gone.
  static Tensor in_arena(Arena& arena, StoragePool& pool, DType type, Shape shape);
  /// Zeroed memory of its own (64-byte aligned, huge pages when large); for weights and optimiser state.
  static Tensor zeros(DType type, Shape shape);
  /// A view of bytes that someone else keeps alive.
  static Tensor view(void* data, DType type, Shape shape);

  Tensor(const Tensor& other) : Tensor(other.data_, other.type_, other.shape_, other.storage_) {}
  Tensor(Tensor&& other) noexcept { swap(other); }
  Tensor& operator=(Tensor other) noexcept {
    swap(other);
    return *this;
  }
  ~Tensor() { release(); }

  /// Whether no other tensor shares these bytes.
  bool unique() const { return storage_ && storage_->references == 1; }

  /// The same bytes under another shape of as many elements.
  Tensor reshaped(Shape shape) const;
  /// Rows [begin, begin + count) of the first dimension, sharing the bytes.
  Tensor rows(int64_t begin, int64_t count) const;

  explicit operator bool() const { return data_ != nullptr; }
  DType dtype() const { return type_; }
  const Shape& shape() const { return shape_; }
  int64_t elements() const { return shape_.elements(); }
  size_t bytes() const { return static_cast<size_t>(elements()) * dtype_size(type_); }
  void* data() { return data_; }
  const void* data() const { return data_; }
  template <typename T>
  T* as() {
    assert(sizeof(T) == dtype_size(type_));
    return static_cast<T*>(data_);
  }
  template <typename T>
  const T* as() const {
    assert(sizeof(T) == dtype_size(type_));
    return static_cast<const T*>(data_);
  }

 private:
  Tensor(void* data, DType type, Shape shape, Storage* storage)
      : data_(data), type_(type), shape_(shape), storage_(storage) {
    if (storage_) ++storage_->references;
  }
  void swap(Tensor& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(type_, other.type_);
    std::swap(shape_, other.shape_);
    std::swap(storage_, other.storage_);
  }
  void release();

  void* data_ = nullptr;
  DType type_ = DType::kF32;
  Shape shape_;
  Storage* storage_ = nullptr;
};

}  // namespace malmoi
