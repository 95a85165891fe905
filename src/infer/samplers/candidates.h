// The tokens that may come next, as the steps of a sampler see and change them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

namespace malmoi::infer {

/// First the logits of the whole vocabulary, to be adjusted; from weigh() on, a set of ids with weights, of which steps keep
/// a part; from close() on, what a draw takes from. Until a step selects something no ids are written, for a vocabulary has
/// some 200,000. For one thread.
class Candidates {
 public:
  /// All tokens, with the logits that the model gave.
  void begin(std::span<const float> logits);
  /// Of the whole vocabulary, to be adjusted before weigh().
  std::span<float> logits() { return logits_; }
  /// From now on the weight of a token is w = exp((l - max l) / T). T = 0: the most probable alone is left, the lowest id
  /// on ties. A logit that is not a number would break every order; it becomes -inf.
  void weigh(double temperature);

  size_t size() const { return whole_ ? logits_.size() : left_.size(); }
  int32_t id_at(size_t i) const { return whole_ ? static_cast<int32_t>(i) : left_[i]; }
  size_t vocab_size() const { return logits_.size(); }
  /// -log w: 0 for the largest logit of the vocabulary.
  double distance(int32_t id) const {
    return (static_cast<double>(largest_) - static_cast<double>(logits_[static_cast<size_t>(id)])) / temperature_;
  }
  double weight(int32_t id) const { return std::exp(-distance(id)); }
  /// A strict order: the larger logit, then the lower id.
  bool better(int32_t a, int32_t b) const {
    float x = logits_[static_cast<size_t>(a)], y = logits_[static_cast<size_t>(b)];
    return x != y ? x > y : a < b;
  }
  /// The sum of the weights of those left, in their order.
  double total() const;
  /// The largest weight of those left.
  double largest_weight() const;
  /// Whether they stand the best first.
  bool sorted() const { return ordered_ >= size(); }

  /// Those left, to be put into another order: sorted() no longer holds, unless call_sorted() says so.
  std::span<int32_t> ids();
  void call_sorted() { ordered_ = size(); }
  /// Puts the best n of those left first, in order.
  void order_best(size_t n);
  void keep_first(size_t n);
  /// Keeps those that `keep(id)` holds for, in their order; all, where it holds for none.
  template <class Keep>
  void keep_if(Keep keep) {
    std::vector<int32_t> kept;
    visit([&](int32_t id) {
      if (keep(id)) kept.push_back(id);
    });
    if (kept.empty()) return;
    ordered_ = sorted() ? kept.size() : 0;
    left_ = std::move(kept);
    whole_ = false;
  }

  /// What a last step leaves out by chance: those of at least some weight, but one.
  struct Exclusion {
    double probability = 0;   // that they are left out
    double least_weight = 0;  // of those that are
    int32_t spared = -1;      // the one that stays
    bool now = false;         // whether they are left out of this draw
  };
  void exclude(const Exclusion& exclusion) { exclusion_ = exclusion; }

  /// Ends the steps.
  void close();
  /// The first token whose cumulative weight is above `uniform` (in [0, 1)) of the sum.
  int32_t draw(double uniform) const;
  /// The probability that a token had, over the draw and the exclusion; 0: it was left out.
  double chance(int32_t id) const;

 private:
  template <class Visit>
  void visit(Visit visit) const {
    if (!whole_) return static_cast<void>(std::for_each(left_.begin(), left_.end(), visit));
    for (size_t i = 0; i < logits_.size(); ++i) visit(static_cast<int32_t>(i));
  }
  bool excluded(int32_t id, double weight) const {
    return exclusion_.probability > 0 && weight >= exclusion_.least_weight && id != exclusion_.spared;
  }

  std::vector<float> logits_;  // from close() on -inf for what was left out
  std::vector<int32_t> left_;  // unless whole_
  bool whole_ = true;
  size_t ordered_ = 0;  // the first so many are better than all behind them, and stand best first
  float largest_ = 0;
  double temperature_ = 1;
  Exclusion exclusion_;
  double total_ = 0, remaining_ = 0;  // of the weights, and of those not excluded
};

}  // namespace malmoi::infer
