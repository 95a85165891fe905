// Oracle of routing rows to experts, and of rows by index.
#include <algorithm>
#include <numeric>
#include <vector>

#include "kernels/ref/ref.h"

namespace malmoi::kernels::ref {
namespace {

template <typename T>
void score(const RouteArgs& a, const T* logits, Param<T>* probabilities) {
  if (a.scores == RouterScores::kSigmoid) {
    for (int64_t e = 0; e < a.experts; ++e) put(probabilities[e], 1 / (1 + std::exp(-get(logits[e]))));
    return;
  }
  double top = get(logits[0]), total = 0;
  for (int64_t e = 0; e < a.experts; ++e) top = std::max(top, get(logits[e]));
  for (int64_t e = 0; e < a.experts; ++e) total += std::exp(get(logits[e]) - top);
  for (int64_t e = 0; e < a.experts; ++e) put(probabilities[e], std::exp(get(logits[e]) - top) / total);
}

// 0 .. values.size() - 1 by falling value, of equal ones the lowest first.
std::vector<int32_t> by_value(const std::vector<double>& values) {
  std::vector<int32_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int32_t x, int32_t y) {
    return values[static_cast<size_t>(x)] > values[static_cast<size_t>(y)];
  });
  return order;
}

// What a row's experts are chosen by: those of the groups that are out rank last.
template <typename P>
std::vector<double> ranks_of(const RouteArgs& a, const P* probabilities) {
  std::vector<double> ranks;
  for (int64_t e = 0; e < a.experts; ++e)
    ranks.push_back(get(probabilities[e]) + (a.choice_bias ? get(as<P>(a.choice_bias)[e]) : 0));
  int64_t size = a.experts / a.groups;
  std::vector<double> groups;
  for (int64_t g = 0; g < a.groups; ++g) {
    std::vector<double> best(ranks.begin() + g * size, ranks.begin() + (g + 1) * size);
    std::sort(best.rbegin(), best.rend());
    groups.push_back(std::accumulate(best.begin(), best.begin() + a.group_best, 0.0));
  }
  std::vector<int32_t> order = by_value(groups);
  for (int64_t g = a.top_groups; g < a.groups; ++g)
    std::fill_n(ranks.begin() + order[static_cast<size_t>(g)] * size, size, -INFINITY);
  return ranks;
}

template <typename T>
void choose(const RouteArgs& a, int64_t r) {
  using P = Param<T>;
  P* probabilities = as<P>(a.probabilities) + r * a.experts;
  score(a, as<T>(a.logits) + r * a.experts, probabilities);
  std::vector<int32_t> order = by_value(ranks_of(a, probabilities));
  double chosen = 0;
  for (int64_t k = 0; k < a.top_k; ++k) chosen += get(probabilities[order[static_cast<size_t>(k)]]);
  for (int64_t k = 0; k < a.top_k; ++k) {
    int32_t e = order[static_cast<size_t>(k)];
    a.ids[r * a.top_k + k] = e;
    double weight = static_cast<double>(a.scale) * get(probabilities[e]);
    put(as<P>(a.weights)[r * a.top_k + k], a.renormalise ? weight / chosen : weight);
  }
}

void sort_slots(const RouteArgs& a) {
  int32_t slot = 0;
  for (int64_t e = 0; e < a.experts; ++e) {
    a.offsets[e] = slot;
    for (int64_t choice = 0; choice < a.rows * a.top_k; ++choice) {
      if (a.ids[choice] != e) continue;
      a.slot_row[slot] = static_cast<int32_t>(choice / a.top_k);
      a.slot_of[choice] = slot++;
    }
  }
  a.offsets[a.experts] = slot;
}

// A softmax's is 1.
template <typename P>
double sum_of(const RouteArgs& a, const P* probabilities) {
  double sum = 0;
  for (int64_t e = 0; e < a.experts; ++e) sum += get(probabilities[e]);
  return a.scores == RouterScores::kSigmoid ? sum : 1;
}

template <typename T>
void balance(const RouteArgs& a) {
  using P = Param<T>;
  for (int64_t e = 0; e < a.experts; ++e) {
    double sum = 0;
    int32_t choices = 0;
    for (int64_t r = 0; r < a.rows; ++r) {
      if (a.counted && !a.counted[r]) continue;
      const P* probabilities = as<P>(a.probabilities) + r * a.experts;
      sum += get(probabilities[e]) / sum_of(a, probabilities);
      for (int64_t k = 0; k < a.top_k; ++k) choices += a.ids[r * a.top_k + k] == e;
    }
    if (a.probability_sums) put(as<P>(a.probability_sums)[e], sum);
    if (a.choices) a.choices[e] = choices;
  }
}

template <typename T>
void route_backward_row(const RouteBackwardArgs& b, int64_t r) {
  using P = Param<T>;
  const RouteArgs& a = b.forward;
  const P* probabilities = as<P>(a.probabilities) + r * a.experts;
  std::vector<double> dp(static_cast<size_t>(a.experts));
  if (b.dprobabilities && (!a.counted || a.counted[r])) {  // of shares, p / (the sum of all p)
    double sum = sum_of(a, probabilities), mean = 0;
    auto dshare = [&](int64_t e) { return get(as<P>(b.dprobabilities)[e]); };
    for (int64_t e = 0; e < a.experts; ++e) mean += dshare(e) * get(probabilities[e]) / sum;
    for (int64_t e = 0; e < a.experts; ++e) dp[static_cast<size_t>(e)] = (dshare(e) - mean) / sum;
  }
  double chosen = 0, along = 0;  // the sum of the chosen p, and of dweight * weight
  for (int64_t k = r * a.top_k; b.dweights && k < (r + 1) * a.top_k; ++k) {
    chosen += get(probabilities[a.ids[k]]);
    along += get(as<P>(b.dweights)[k]) * get(as<P>(a.weights)[k]);
  }
  for (int64_t k = r * a.top_k; b.dweights && k < (r + 1) * a.top_k; ++k) {
    double d = static_cast<double>(a.scale) * get(as<P>(b.dweights)[k]);
    dp[static_cast<size_t>(a.ids[k])] += a.renormalise ? (d - along) / chosen : d;
  }
  double mean = 0;
  for (int64_t e = 0; e < a.experts; ++e) mean += dp[static_cast<size_t>(e)] * get(probabilities[e]);
  for (int64_t e = 0; e < a.experts; ++e) {
    double p = get(probabilities[e]), d = dp[static_cast<size_t>(e)];
    double dlogit = a.scores == RouterScores::kSigmoid ? p * (1 - p) * d : p * (d - mean);
    put(as<T>(b.dlogits)[r * a.experts + e], dlogit);
  }
}

}  // namespace

void route(Stream&, const RouteArgs& a) {
  with_type(a.dtype, [&](auto zero) {
    for (int64_t r = 0; r < a.rows; ++r) choose<decltype(zero)>(a, r);
    sort_slots(a);
    balance<decltype(zero)>(a);
  });
}

void route_backward(Stream&, const RouteBackwardArgs& b) {
  with_type(b.forward.dtype, [&](auto zero) {
    for (int64_t r = 0; r < b.forward.rows; ++r) route_backward_row<decltype(zero)>(b, r);
  });
}

void gather_rows(Stream&, const GatherRowsArgs& a) {
  with_type(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    for (int64_t i = 0; i < a.rows; ++i) {
      for (int64_t c = 0; c < a.cols; ++c) {
        T& y = as<T>(a.y)[i * a.cols + c];
        if (a.index[i] < 0) {
          put(y, 0);
        } else {
          y = as<T>(a.x)[int64_t{a.index[i]} * a.cols + c];
        }
      }
    }
  });
}

void gather_rows_backward(Stream&, const GatherRowsBackwardArgs& a) {
  with_type(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    std::vector<double> dx(static_cast<size_t>(a.source_rows * a.cols));
    for (int64_t i = 0; i < a.rows; ++i) {
      for (int64_t c = 0; a.index[i] >= 0 && c < a.cols; ++c) {
        dx[static_cast<size_t>(int64_t{a.index[i]} * a.cols + c)] += get(as<T>(a.dy)[i * a.cols + c]);
      }
    }
    for (size_t i = 0; i < dx.size(); ++i) put(as<T>(a.dx)[i], dx[i]);
  });
}

void combine_rows(Stream&, const CombineRowsArgs& a) {
  with_type(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    for (int64_t r = 0; r < a.rows; ++r) {
      for (int64_t c = 0; c < a.cols; ++c) {
        double sum = 0;
        for (int64_t k = r * a.top_k; k < (r + 1) * a.top_k; ++k) {
          double weight = a.weights ? get(as<Param<T>>(a.weights)[k]) : 1;
          sum += weight * get(as<T>(a.x)[int64_t{a.slot_of[k]} * a.cols + c]);
        }
        put(as<T>(a.y)[r * a.cols + c], sum);
      }
    }
  });
}

void combine_rows_backward(Stream&, const CombineRowsBackwardArgs& b) {
  const CombineRowsArgs& a = b.forward;
  with_type(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    for (int64_t k = 0; k < a.rows * a.top_k; ++k) {
      int64_t from = k / a.top_k * a.cols, slot = int64_t{a.slot_of[k]} * a.cols;
      double weight = a.weights ? get(as<Param<T>>(a.weights)[k]) : 1, dot = 0;
      for (int64_t c = 0; c < a.cols; ++c) {
        double dy = get(as<T>(b.dy)[from + c]);
        if (b.dweights) dot += dy * get(as<T>(a.x)[slot + c]);
        if (b.dx) put(as<T>(b.dx)[slot + c], weight * dy);
      }
      if (b.dweights) put(as<Param<T>>(b.dweights)[k], dot);
    }
  });
}

}  // namespace malmoi::kernels::ref
