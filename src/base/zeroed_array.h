// A large array of zeros whose memory is taken page by page, as it is written; by large pages where it fills some, since each page
// costs a call into the system, twice where it is read first.
#pragma once

#include <sys/mman.h>

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
  explicit ZeroedArray(size_t size)
      : memory_(std::calloc(size * sizeof(T) + alignment(size), 1), &std::free), size_(size) {
    if (!memory_) throw std::bad_alloc();
    const auto address = reinterpret_cast<uintptr_t>(memory_.get());
    first_ = reinterpret_cast<T*>((address + alignment(size) - 1) / alignment(size) * alignment(size));
    if (alignment(size) == kLargePage) madvise(first_, size * sizeof(T) / kLargePage * kLargePage, MADV_HUGEPAGE);
  }
  T& operator[](size_t i) { return first_[i]; }
  const T& operator[](size_t i) const { return first_[i]; }
  size_t size() const { return size_; }

 private:
  static constexpr size_t kLargePage = size_t{2} << 20;
  static constexpr size_t alignment(size_t size) { return size * sizeof(T) >= kLargePage ? kLargePage : alignof(T); }

  std::unique_ptr<void, decltype(&std::free)> memory_;
  T* first_;
  size_t size_;
};

}  // namespace malmoi
