// How often each token stands among the last ones of a text.
#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>

namespace malmoi::infer {

class TokenWindow {
 public:
  /// `last_n` tokens of the text, -1: all.
  explicit TokenWindow(int64_t last_n) : last_n_(last_n) {}

  /// One that is not counted takes a place in the window all the same.
  void add(int32_t id, bool counted) {
    if (last_n_ == 0) return;
    if (counted) ++counts_[id];
    if (last_n_ < 0) return;
    places_.push_back(counted ? id : kNotCounted);
    if (static_cast<int64_t>(places_.size()) <= last_n_) return;
    if (auto oldest = counts_.find(places_.front()); oldest != counts_.end() && --oldest->second == 0)
      counts_.erase(oldest);
    places_.pop_front();
  }
  /// Calls `visit(id, count)` for those counted.
  template <class Visit>
  void visit(Visit visit) const {
    for (const auto& [id, count] : counts_) visit(static_cast<size_t>(id), count);
  }

 private:
  static constexpr int32_t kNotCounted = -1;
  int64_t last_n_;
  std::deque<int32_t> places_;  // unless all are looked at
  std::unordered_map<int32_t, int32_t> counts_;
};

}  // namespace malmoi::infer
