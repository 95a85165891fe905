// Where ids go, without a call for every few of them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace malmoi::tokenizer {

/// Appends to a vector, which is longer than what stands in it until the sink ends: only the first size() ids count.
class IdSink {
 public:
  explicit IdSink(std::vector<int32_t>& ids) : ids_(ids), begin_(ids.size()), size_(ids.size()) {}
  ~IdSink() { ids_.resize(size_); }
  IdSink(const IdSink&) = delete;
  IdSink& operator=(const IdSink&) = delete;

  /// Room for `n` ids at the end; they count once `take` says so.
  int32_t* room(size_t n) {
    if (ids_.size() - size_ < n) ids_.resize(size_ + n + std::min<size_t>(size_ - begin_, size_t{1} << 16) + kAtLeast);
    return ids_.data() + size_;
  }
  void take(size_t n) { size_ += n; }
  void append(std::span<const int32_t> ids) {
    std::copy(ids.begin(), ids.end(), room(ids.size()));
    take(ids.size());
  }
  void push_back(int32_t id) {
    *room(1) = id;
    take(1);
  }
  void cut(size_t size) { size_ = size; }
  size_t size() const { return size_; }
  int32_t operator[](size_t i) const { return ids_[i]; }

 private:
  static constexpr size_t kAtLeast = 32;
  std::vector<int32_t>& ids_;
  size_t begin_, size_;
};

}  // namespace malmoi::tokenizer
