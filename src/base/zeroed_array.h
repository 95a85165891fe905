// A large array of zeros whose memory is taken page by page, as it is written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>

namespace malmoi {

/// `size` elements of zero bytes, aligned as T asks. T: trivially copyable, zero bytes being a value of it. Throws
/// std::bad_alloc. Not copyable; reading is thread-safe.
template <typename T>
class ZeroedArray {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  explicit ZeroedArray(size_t size) : memory_(std::calloc(size + 1, sizeof(T)), &std::free), size_(size) {
    if (!memory_) throw std::bad_alloc();
    const auto address = reinterpret_cast<uintptr_t>(memory_.get());
    first_ = reinterpret_cast<T*>((address + alignof(T) - 1) / alignof(T) * alignof(T));
  }
  T& operator[](size_t i) { return first_[i]; }
  const T& operator[](size_t i) const { return first_[i]; }
  size_t size() const { return size_; }

 private:
  std::unique_ptr<void, decltype(&std::free)> memory_;
  T* first_;
  size_t size_;
};

}  // namespace malmoi
