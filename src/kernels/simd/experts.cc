// Routing rows to experts: softmax and the largest of each row, slots by a counting sort, and the gradient of the logits.
#include "kernels/simd/common.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

template <typename T>
void softmax_row(const T* logits, float* probabilities, int64_t n) {
  constexpr float kLowest = -3.0e38f;
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

template <typename T>
void choose(const RouteArgs& a, int64_t r) {
  float* probabilities = as<float>(a.probabilities) + r * a.experts;
  float* weights = as<float>(a.weights) + r * a.top_k;
  softmax_row(as<T>(a.logits) + r * a.experts, probabilities, a.experts);
  largest(probabilities, a.experts, a.top_k, a.ids + r * a.top_k, weights);
  float scale = a.scale, chosen = 0;
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

/// Sums over the rows that count, in the order of rows: there are few experts, so one thread does it.
void balance(const RouteArgs& a) {
  float* sums = as<float>(a.probability_sums);
  if (sums) __builtin_memset(sums, 0, sizeof(float) * static_cast<size_t>(a.experts));
  if (a.choices) __builtin_memset(a.choices, 0, sizeof(int32_t) * static_cast<size_t>(a.experts));
  for (int64_t r = 0; r < a.rows; ++r) {
    if (a.counted && !a.counted[r]) continue;
    const float* p = as<float>(static_cast<const void*>(a.probabilities)) + r * a.experts;
    if (sums) {
      each_vec(a.experts,
               [&](int64_t i, auto w) MALMOI_INLINED { store(sums + i, load(sums + i, w) + load(p + i, w), w); });
    }
    for (int64_t k = r * a.top_k; a.choices && k < (r + 1) * a.top_k; ++k) ++a.choices[a.ids[k]];
  }
}

MALMOI_INLINE void put(float* y, float x) { *y = x; }
MALMOI_INLINE void put(BF16* y, float x) { store(y, all(x), Part{1}); }

/// dlogit = p (dp - sum of p dp). What the weights add to dp is at the chosen experts alone, so it is put there last.
template <typename T>
void route_backward_row(const RouteBackwardArgs& b, int64_t r) {
  const RouteArgs& a = b.forward;
  const float* p = as<float>(static_cast<const void*>(a.probabilities)) + r * a.experts;
  const int32_t* ids = a.ids + r * a.top_k;
  const float* weights = as<float>(static_cast<const void*>(a.weights)) + r * a.top_k;
  const float* dweights = b.dweights ? as<float>(b.dweights) + r * a.top_k : nullptr;
  const float* shared = !a.counted || a.counted[r] ? as<float>(b.dprobabilities) : nullptr;
  T* dlogits = as<T>(b.dlogits) + r * a.experts;
  float chosen = 0, along = 0, mean = 0;
  if (dweights) {
    for (int64_t k = 0; k < a.top_k; ++k) {
      chosen += p[ids[k]];
      along += dweights[k] * weights[k];
    }
  }
  auto of_weight = [&](int64_t k) {
    float d = a.scale * dweights[k];
    return a.renormalise ? (d - along) / chosen : d;
  };
  if (shared) {
    Vec sum = zero();
    each_vec(a.experts, [&](int64_t i, auto w) MALMOI_INLINED { sum = fma(load(p + i, w), load(shared + i, w), sum); });
    mean = reduce_add(sum);
  }
  if (dweights) {
    for (int64_t k = 0; k < a.top_k; ++k) mean += p[ids[k]] * of_weight(k);
  }
  Vec center = all(mean);
  each_vec(a.experts, [&](int64_t i, auto w) MALMOI_INLINED {
    Vec d = shared ? load(shared + i, w) : zero();
    store(dlogits + i, load(p + i, w) * (d - center), w);
  });
  if (!dweights) return;
  for (int64_t k = 0; k < a.top_k; ++k) {
    float d = of_weight(k) + (shared ? shared[ids[k]] : 0.0f);
    put(dlogits + ids[k], p[ids[k]] * (d - mean));
  }
}

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
      for (int64_t r = begin; r < end; ++r) route_backward_row<decltype(type)>(b, r);
    });
  });
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
