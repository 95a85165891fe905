// Routing rows to experts: scores and the best of each row, slots by a counting sort, and the gradient of the logits.
#include "kernels/simd/common.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

template <typename T>
void softmax_row(const T* logits, float* probabilities, int64_t n) {
  Vec top = all(kLowest), total = zero();
  each_vec(n, [&](int64_t i, auto w) MALMOI_INLINED { top = max(top, only(load(logits + i, w), w, kLowest)); });
  Vec shift = all(reduce_max(top));
  each_vec(n, [&](int64_t i, auto w) MALMOI_INLINED {
    Vec e = only(exp(load(logits + i, w) - shift), w, 0.0f);
    total += e;
    store(probabilities + i, e, w);
  });
  Vec scale = all(1.0f / reduce_add(total));
  each_vec(n,
           [&](int64_t i, auto w) MALMOI_INLINED { store(probabilities + i, load(probabilities + i, w) * scale, w); });
}

template <typename T>
void sigmoid_row(const T* logits, float* probabilities, int64_t n) {
  each_vec(n, [&](int64_t i, auto w) MALMOI_INLINED { store(probabilities + i, sigmoid(load(logits + i, w)), w); });
}

/// The k largest in falling order, of equal ones the lowest index first. A NaN counts as the largest, so that every id is
/// an expert whatever the logits.
void largest(const float* x, int64_t n, int64_t k, int32_t* ids, float* values) {
  int64_t held = 0;
  for (int64_t e = 0; e < n; ++e) {
    if (held == k && x[e] <= values[k - 1]) continue;
    int64_t at = held < k ? held++ : k - 1;
    for (; at > 0 && !(x[e] <= values[at - 1]); --at) {
      values[at] = values[at - 1];
      ids[at] = ids[at - 1];
    }
    values[at] = x[e];
    ids[at] = static_cast<int32_t>(e);
  }
}

/// Puts the experts of all but the best groups last.
void hide_groups(const RouteArgs& a, float* ranks) {
  int64_t size = a.experts / a.groups;
  float values[kMostRouterGroups], sorted[kMostRouterGroups], best[kMostGroupBest];
  int32_t order[kMostRouterGroups], ids[kMostGroupBest];
  for (int64_t g = 0; g < a.groups; ++g) {
    largest(ranks + g * size, size, a.group_best, ids, best);
    values[g] = best[0];
    for (int64_t i = 1; i < a.group_best; ++i) values[g] += best[i];
  }
  largest(values, a.groups, a.groups, order, sorted);
  for (int64_t g = a.top_groups; g < a.groups; ++g) {
    for (int64_t e = order[g] * size; e < (order[g] + 1) * size; ++e) ranks[e] = -__builtin_inff();
  }
}

/// What a row's experts are chosen by.
const float* ranks_of(const RouteArgs& a, int64_t r, const float* probabilities) {
  if (!a.choice_bias && a.groups == 1) return probabilities;
  const float* bias = as<float>(a.choice_bias);
  float* ranks = as<float>(a.ranks) + r * a.experts;
  each_vec(a.experts, [&](int64_t i, auto w) MALMOI_INLINED {
    Vec p = load(probabilities + i, w);
    store(ranks + i, bias ? p + load(bias + i, w) : p, w);
  });
  if (a.groups > 1) hide_groups(a, ranks);
  return ranks;
}

/// Where all sigmoids of the chosen are zero, so are the weights, as the authors have it.
constexpr float kLeastSum = 1e-20f;

template <typename T>
void choose(const RouteArgs& a, int64_t r) {
  float* probabilities = as<float>(a.probabilities) + r * a.experts;
  float* weights = as<float>(a.weights) + r * a.top_k;
  int32_t* ids = a.ids + r * a.top_k;
  const T* logits = as<T>(a.logits) + r * a.experts;
  if (a.scores == RouterScores::kSigmoid) sigmoid_row(logits, probabilities, a.experts);
  else softmax_row(logits, probabilities, a.experts);
  largest(ranks_of(a, r, probabilities), a.experts, a.top_k, ids, weights);
  for (int64_t k = 0; k < a.top_k; ++k) weights[k] = probabilities[ids[k]];
  float scale = a.scale, chosen = kLeastSum;
  if (a.renormalise) {
    for (int64_t k = 0; k < a.top_k; ++k) chosen += weights[k];
    scale /= chosen;
  }
  for (int64_t k = 0; k < a.top_k; ++k) weights[k] *= scale;
}

/// A counting sort: slots by expert, within an expert by row.
void sort_slots(const RouteArgs& a) {
  int64_t choices = a.rows * a.top_k;
  __builtin_memset(a.offsets, 0, sizeof(int32_t) * static_cast<size_t>(a.experts + 1));
  for (int64_t i = 0; i < choices; ++i) ++a.offsets[a.ids[i] + 1];
  for (int64_t e = 0; e < a.experts; ++e) a.offsets[e + 1] += a.offsets[e];
  // offsets[e] walks through e's slots and ends where e + 1 begins.
  for (int64_t r = 0; r < a.rows; ++r) {
    for (int64_t i = r * a.top_k; i < (r + 1) * a.top_k; ++i) {
      int32_t slot = a.offsets[a.ids[i]]++;
      a.slot_of[i] = slot;
      a.slot_row[slot] = static_cast<int32_t>(r);
    }
  }
  for (int64_t e = a.experts; e > 0; --e) a.offsets[e] = a.offsets[e - 1];
  a.offsets[0] = 0;
}

/// What makes shares of a row's probabilities: a softmax's are its own.
float whole_of(const RouteArgs& a, const float* probabilities) {
  if (a.scores == RouterScores::kSoftmax) return 1;
  Vec sum = zero();
  each_vec(a.experts, [&](int64_t i, auto w) MALMOI_INLINED { sum += only(load(probabilities + i, w), w, 0.0f); });
  return reduce_add(sum) + kLeastSum;
}

/// Sums over the rows that count, in the order of rows: there are few experts, so one thread does it.
void balance(const RouteArgs& a) {
  float* sums = as<float>(a.probability_sums);
  if (sums) __builtin_memset(sums, 0, sizeof(float) * static_cast<size_t>(a.experts));
  if (a.choices) __builtin_memset(a.choices, 0, sizeof(int32_t) * static_cast<size_t>(a.experts));
  for (int64_t r = 0; r < a.rows; ++r) {
    if (a.counted && !a.counted[r]) continue;
    const float* p = as<float>(static_cast<const void*>(a.probabilities)) + r * a.experts;
    if (sums) {
      Vec share = all(1.0f / whole_of(a, p));
      each_vec(a.experts, [&](int64_t i, auto w)
                              MALMOI_INLINED { store(sums + i, fma(load(p + i, w), share, load(sums + i, w)), w); });
    }
    for (int64_t k = r * a.top_k; a.choices && k < (r + 1) * a.top_k; ++k) ++a.choices[a.ids[k]];
  }
}

/// The gradient of one row's logits. What the weights add to dp is at the chosen experts alone, so it is put there last.
template <typename T>
class RouteBackward {
 public:
  RouteBackward(const RouteBackwardArgs& b, int64_t r)
      : a_(b.forward),
        p_(as<float>(static_cast<const void*>(a_.probabilities)) + r * a_.experts),
        weights_(as<float>(static_cast<const void*>(a_.weights)) + r * a_.top_k),
        dweights_(b.dweights ? as<float>(b.dweights) + r * a_.top_k : nullptr),
        shared_(!a_.counted || a_.counted[r] ? as<float>(b.dprobabilities) : nullptr),
        ids_(a_.ids + r * a_.top_k),
        dlogits_(as<T>(b.dlogits) + r * a_.experts) {
    chosen_ = kLeastSum;
    for (int64_t k = 0; dweights_ && k < a_.top_k; ++k) {
      chosen_ += p_[ids_[k]];
      along_ += dweights_[k] * weights_[k];
    }
    if (!shared_) return;
    Vec sum = zero();
    each_vec(a_.experts,
             [&](int64_t i, auto w) MALMOI_INLINED { sum = fma(load(p_ + i, w), load(shared_ + i, w), sum); });
    mean_ = reduce_add(sum);
  }

  /// dlogit = p (dp - sum of p dp).
  void of_softmax() {
    for (int64_t k = 0; dweights_ && k < a_.top_k; ++k) mean_ += p_[ids_[k]] * of_weight(k);
    Vec center = all(mean_);
    each_vec(a_.experts, [&](int64_t i, auto w) MALMOI_INLINED {
      Vec d = shared_ ? load(shared_ + i, w) : zero();
      store(dlogits_ + i, load(p_ + i, w) * (d - center), w);
    });
    for (int64_t k = 0; dweights_ && k < a_.top_k; ++k) {
      float d = of_weight(k) + (shared_ ? shared_[ids_[k]] : 0.0f);
      put(dlogits_ + ids_[k], p_[ids_[k]] * (d - mean_));
    }
  }

  /// dlogit = p (1 - p) dp, where what is shared is the gradient of p / (the sum of p).
  void of_sigmoids() {
    float whole = shared_ ? whole_of(a_, p_) : 1;
    Vec center = all(mean_ / whole), share = all(1 / whole);
    each_vec(a_.experts, [&](int64_t i, auto w) MALMOI_INLINED {
      Vec p = load(p_ + i, w), d = shared_ ? (load(shared_ + i, w) - center) * share : zero();
      store(dlogits_ + i, p * (all(1.0f) - p) * d, w);
    });
    for (int64_t k = 0; dweights_ && k < a_.top_k; ++k) {
      float p = p_[ids_[k]], d = of_weight(k) + (shared_ ? (shared_[ids_[k]] - mean_ / whole) / whole : 0.0f);
      put(dlogits_ + ids_[k], p * (1 - p) * d);
    }
  }

 private:
  /// What the weight of choice k adds to dp.
  float of_weight(int64_t k) const {
    float d = a_.scale * dweights_[k];
    return a_.renormalise ? (d - along_) / chosen_ : d;
  }

  const RouteArgs& a_;
  const float *p_, *weights_, *dweights_, *shared_;
  const int32_t* ids_;
  T* dlogits_;
  float chosen_ = 0, along_ = 0, mean_ = 0;
};

}  // namespace

void route(Stream&, const RouteArgs& a) {
  with_type(a.dtype, [&](auto type) {
    parallel_for(a.rows, row_grain(4 * a.experts), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) choose<decltype(type)>(a, r);
    });
  });
  sort_slots(a);
  if (a.probability_sums || a.choices) balance(a);
}

void route_backward(Stream&, const RouteBackwardArgs& b) {
  with_type(b.forward.dtype, [&](auto type) {
    parallel_for(b.forward.rows, row_grain(b.forward.experts), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        RouteBackward<decltype(type)> row(b, r);
        b.forward.scores == RouterScores::kSigmoid ? row.of_sigmoids() : row.of_softmax();
      }
    });
  });
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
