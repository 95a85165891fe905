// Finds any of several marks in a text, going forward: where a mark comes next is looked for once, so that a pass over a text in which one of
// them stands a million times and another nowhere does not search all of it a million times.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace malmoi {

class MarkFinder {
 public:
  struct Found {
    size_t at = std::string_view::npos;  // npos: none comes any more
    size_t mark = 0;                     // its number
  };

  /// Text and marks, none of them empty, outlive it.
  MarkFinder(std::string_view text, std::span<const std::string_view> marks)
      : text_(text), marks_(marks), next_(marks.size(), kNotLookedFor) {}

  /// The first mark at or behind `from`, which never falls; where several begin, the first of them by number.
  Found next(size_t from) {
    Found found;
    for (size_t i = 0; i < marks_.size(); ++i) {
      if (next_[i] == kNotLookedFor || next_[i] < from) look(i, from);
      if (next_[i] < found.at) found = {next_[i], i};
    }
    return found;
  }

  /// Bytes that were looked at so far: at most the text's, and a mark's for each that was found, for each of the marks.
  size_t looked_at() const { return looked_at_; }

 private:
  static constexpr size_t kNotLookedFor = std::string_view::npos - 1;

  void look(size_t mark, size_t from) {
    next_[mark] = text_.find(marks_[mark], from);
    const size_t end = next_[mark] == std::string_view::npos ? text_.size() : next_[mark] + marks_[mark].size();
    looked_at_ += end - std::min(from, end);
  }

  std::string_view text_;
  std::span<const std::string_view> marks_;
  std::vector<size_t> next_;
  size_t looked_at_ = 0;
};

}  // namespace malmoi
