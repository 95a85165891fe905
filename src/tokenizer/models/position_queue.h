// Positions to be taken from left to right, of which most come in order.
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <vector>

namespace malmoi::tokenizer {

/// Those that do not come in order wait in a heap.
class PositionQueue {
 public:
  bool empty() const { return next_ == in_order_.size() && late_.empty(); }
  void push(uint32_t at) {
    if (in_order_.empty() || in_order_.back() <= at) in_order_.push_back(at);
    else late_.push(at);
  }
  uint32_t pop() {
    if (late_.empty() || (next_ < in_order_.size() && in_order_[next_] < late_.top())) return in_order_[next_++];
    uint32_t at = late_.top();
    late_.pop();
    return at;
  }

 private:
  std::vector<uint32_t> in_order_;
  size_t next_ = 0;
  std::priority_queue<uint32_t, std::vector<uint32_t>, std::greater<>> late_;
};

}  // namespace malmoi::tokenizer
