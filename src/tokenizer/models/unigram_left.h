// What unigram remembers of a word, and the score of the text to its left that decides whether it holds.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "tokenizer/models/id_sink.h"

namespace malmoi::tokenizer {

/// What is known of a word besides its ids, as the five bits of the cache's note: up to which score before it that holds, a
/// power of four, and whether its score is not the sum of what its ids add, since unknown characters were joined.
class WordNote {
 public:
  explicit WordNote(uint8_t bits) : bits_(bits) {}
  static WordNote of(float reach, bool unknown) {
    uint8_t level = 0;  // none
    for (float limit = 1; level < kMostLevel && reach >= limit; limit *= 4) ++level;
    return WordNote(static_cast<uint8_t>(level | (level > 0 && unknown ? kUnknown : 0)));
  }
  uint8_t bits() const { return bits_; }
  double reach() const {
    const int level = bits_ & kMostLevel;
    return level == 0 ? -1 : static_cast<double>(1 << 2 * (level - 1));
  }
  bool unknown() const { return (bits_ & kUnknown) != 0; }

 private:
  static constexpr int kMostLevel = 15, kUnknown = 16;
  uint8_t bits_;
};

/// How many pieces a word that is remembered can have: with the mark before it, and none for more than one of its bytes.
inline size_t letters_at_most(std::string_view word) { return word.size() + 1; }

/// The score of the text to the left of the word at hand, made up where it is asked for.
template <typename Score>
class Left {
 public:
  // `recut(word, total)`: the score behind a word with unknown characters.
  using Recut = std::function<Score(std::string_view, Score)>;
  // `added`: what each id adds to the score; `worst`: at most so much in absolute value, as any way through a word does.
  Left(const std::vector<Score>& added, double worst, const IdSink& ids, Recut recut)
      : added_(added), worst_(worst), ids_(ids), recut_(std::move(recut)), counted_(ids.size()) {}

  // Whether the score is at most `reach` in absolute value, where `end` ids stand to the left. A bound is enough nearly
  // always.
  bool within(double reach, size_t end) {
    const size_t since = end - counted_ + unknown_letters_;
    if (since < kFew && std::abs(total_) + 1.01 * static_cast<double>(since) * worst_ <= reach) return true;
    return std::abs(total(end)) <= reach;
  }
  Score total(size_t end) {
    for (; recut_up_to_ < unknown_.size(); ++recut_up_to_) {
      const Unknown& next = unknown_[recut_up_to_];
      add_up(next.begin);
      total_ = recut_(next.word, total_);
      counted_ = next.end;
    }
    unknown_letters_ = 0;
    add_up(end);
    return total_;
  }
  // A word was passed whose ids from `begin` on do not sum up to its score.
  void pass_unknown(std::string_view word, size_t begin) {
    unknown_.push_back({word, begin, ids_.size()});
    unknown_letters_ += letters_at_most(word);
  }
  void pass() { begun_ = true; }
  // What is left of here scores so much.
  void set(Score total) {
    total_ = total;
    counted_ = ids_.size();
    begun_ = true;
  }
  bool begun() const { return begun_; }

 private:
  static constexpr size_t kFew = 1 << 16;  // so many sums are rounded to 1 % at most
  struct Unknown {
    std::string_view word;
    size_t begin, end;
  };
  void add_up(size_t end) {
    for (; counted_ < end; ++counted_) total_ += added_[static_cast<size_t>(ids_[counted_])];
  }

  const std::vector<Score>& added_;
  double worst_;
  const IdSink& ids_;
  Recut recut_;
  std::vector<Unknown> unknown_;
  size_t recut_up_to_ = 0, counted_;
  size_t unknown_letters_ = 0;  // of those that were not cut again, at most
  Score total_ = 0;
  bool begun_ = false;
};

}  // namespace malmoi::tokenizer
