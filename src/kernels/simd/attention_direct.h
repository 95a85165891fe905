// Attention of a few queries (a step of generation): keys and values are read where they lie, a part of the keys at a time
// (flash-decoding, Dao 2023), so that many workers share one head. Parts are cut by the segment's own length and merged
// in their order: a row's bits depend neither on the other segments nor on the number of workers.
#pragma once

#include "kernels/simd/attention_common.h"
#include "kernels/simd/byte_rows.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

/// Rows of one head that lie `stride` elements apart.
template <typename T>
struct HeadRows {
  const T* first;
  int64_t stride;
  template <typename Width>
  MALMOI_INLINE Vec load_at(int64_t row, int64_t d, Width w) const {
    return load(first + row * stride + d, w);
  }
};

/// The same in 8 bits, from column `column` of rows of `width` on; no vector of a head crosses from one scale to the next.
struct ByteHeadRows {
  const uint8_t* first;
  int64_t stride, width, column;
  MALMOI_INLINE Vec load_at(int64_t row, int64_t d, Full) const {
    return load_byte_row(first + row * stride, width, column + d);
  }
  MALMOI_INLINE Vec load_at(int64_t, int64_t, Part) const { return zero(); }  // heads are whole vectors
};

/// scores[j] = q k_j^T: four keys at once, so that their sums do not wait for each other.
template <typename Rows>
void direct_scores(const AttentionArgs& a, const float* q, Rows keys, int64_t count, float* scores) {
  int64_t j = 0;
  for (; j + 4 <= count; j += 4) {
    Vec sums[4] = {zero(), zero(), zero(), zero()};
    each_vec(a.head_dim, [&](int64_t d, auto w) MALMOI_INLINED {
      Vec x = load(q + d, w);
      each_index<4>([&](auto i)
                        MALMOI_INLINED { sums[i.value] = fma(x, keys.load_at(j + i.value, d, w), sums[i.value]); });
    });
    each_index<4>([&](auto i) MALMOI_INLINED { scores[j + i.value] = reduce_add(sums[i.value]); });
  }
  for (; j < count; ++j) {
    Vec sum = zero();
    each_vec(a.head_dim,
             [&](int64_t d, auto w) MALMOI_INLINED { sum = fma(load(q + d, w), keys.load_at(j, d, w), sum); });
    scores[j] = reduce_add(sum);
  }
}

/// sums += chances values: up to four vectors of a value at once stay in registers over all keys.
template <typename Rows>
void add_values(const AttentionArgs& a, const float* chances, Rows values, int64_t count, float* sums) {
  int64_t d = 0;
  for (; d + 4 * kLanes <= a.value_dim; d += 4 * kLanes) {
    Vec s[4];
    each_index<4>([&](auto i) MALMOI_INLINED { s[i.value] = load(sums + d + i.value * kLanes, Full{}); });
    for (int64_t j = 0; j < count; ++j) {
      Vec p = all(chances[j]);
      each_index<4>([&](auto i) MALMOI_INLINED {
        s[i.value] = fma(p, values.load_at(j, d + i.value * kLanes, Full{}), s[i.value]);
      });
    }
    each_index<4>([&](auto i) MALMOI_INLINED { store(sums + d + i.value * kLanes, s[i.value], Full{}); });
  }
  each_vec(a.value_dim - d, [&](int64_t i, auto w) MALMOI_INLINED {
    Vec s = load(sums + d + i, w);
    for (int64_t j = 0; j < count; ++j) s = fma(all(chances[j]), values.load_at(j, d + i, w), s);
    store(sums + d + i, s, w);
  });
}

/// One query of one head over one part of the keys: a block at a time with a running maximum and sum.
template <typename T>
class DirectPart {
 public:
  /// `state`: part_words() that are filled: maximum (of scores in powers of two), sum, values.
  DirectPart(const AttentionArgs& a, const AttentionSegment& s, int64_t head, int64_t query, float* memory,
             float* state)
      : a_(a),
        s_(s),
        head_(head),
        query_(query),
        kv_head_(head / (a.heads / a.kv_heads)),
        scores_(memory),
        factors_(memory + kDirectKeys),
        q_(memory + 2 * kDirectKeys),
        unpacked_(q_ + round_to(a.head_dim, kWideLanes)),
        state_(state),
        sums_(state + kPartHead) {
    const T* from = as<T>(a.q) + (s.q_begin + query) * a.q_stride + head * a.head_dim;
    each_vec(a.head_dim, [&](int64_t d, auto w) MALMOI_INLINED { store(q_ + d, load(from + d, w), w); });
    each_vec(a.value_dim, [&](int64_t d, auto w) MALMOI_INLINED { store(sums_ + d, zero(), w); });
    state_[0] = kHidden, state_[1] = 0;
  }

  void run(Range part) {
    int64_t prefix = prefix_keys(s_);
    Range seen = keys_seen(a_.mask, s_, query_);
    stretch({part.begin, min_of(part.end, prefix)});
    stretch({max_of(max_of(part.begin, seen.begin), prefix), min_of(part.end, seen.end)});
  }

 private:
  void stretch(Range keys) {
    for (int64_t k = keys.begin; k < keys.end; k += kDirectKeys) block({k, min_of(k + kDirectKeys, keys.end)});
  }

  void block(Range keys) {
    int64_t count = keys.end - keys.begin;
    each_rows(s_.k, s_.k_pages, a_.k_stride, a_.head_dim, keys,
              [&](int64_t first, int64_t n, auto rows)
                  MALMOI_INLINED { direct_scores(a_, q_, rows, n, scores_ + first - keys.begin); });
    finish_scores(keys.begin, count);
    float best = kHidden;
    for (int64_t j = 0; j < count; ++j) {
      if (s_.key_mask && !s_.key_mask[keys.begin + j]) scores_[j] = kHidden;
      best = scores_[j] > best ? scores_[j] : best;
    }
    if (best <= kHidden) return;
    raise(best);
    exponents(keys.begin, count);
    each_rows(s_.v, s_.v_pages, a_.v_stride, a_.value_dim, keys,
              [&](int64_t first, int64_t n, auto rows)
                  MALMOI_INLINED { add_values(a_, scores_ + first - keys.begin, rows, n, sums_); });
  }

  /// Calls body(first, count, rows) for stretches of this head's rows. Bytes are unpacked a few rows at a time where vectors
  /// cannot read them as they lie.
  template <typename Body>
  MALMOI_INLINE void each_rows(const void* base, const void* const* pages, int64_t stride, int64_t width, Range keys,
                               const Body& body) {
    if (!a_.byte_rows) {
      each_stretch<T>(base, pages, a_.page_rows, stride, keys,
                      [&](int64_t first, int64_t n, const T* rows) MALMOI_INLINED {
                        body(first, n, HeadRows<T>{rows + kv_head_ * width, stride});
                      });
      return;
    }
    each_stretch<uint8_t>(base, pages, a_.page_rows, stride, keys, [&](int64_t first, int64_t n, const uint8_t* rows) {
      if (width % kWideLanes == 0)
        return body(first, n, ByteHeadRows{rows, stride, a_.kv_heads * width, kv_head_ * width});
      for (int64_t i = 0; i < n; i += kUnpackedRows) {
        const int64_t count = min_of(kUnpackedRows, n - i);
        for (int64_t r = 0; r < count; ++r)
          unpack_byte_row(rows + (i + r) * stride, a_.kv_heads * width, kv_head_ * width, width, unpacked_ + r * width);
        body(first + i, count, HeadRows<float>{unpacked_, width});
      }
    });
  }

  /// Scale, soft cap, bias; in powers of two from here on.
  void finish_scores(int64_t key, int64_t count) {
    if (a_.bias) {
      BiasRow row(a_, head_);
      int64_t first = a_.bias_by_key ? s_.k_begin + key : key - (query_ + s_.k_length - s_.q_length);
      for (int64_t j = 0; j < count; ++j) factors_[j] = row.at(first + j);
    }
    each_vec(count, [&](int64_t j, auto w) MALMOI_INLINED {
      Vec x = load(scores_ + j, w) * all(a_.scale);
      if (a_.softcap > 0) x = all(a_.softcap) * tanh(x / all(a_.softcap));
      if (a_.bias) x += load(factors_ + j, w);
      store(scores_ + j, x * all(kLog2E), w);
    });
  }

  void raise(float best) {
    if (best <= state_[0]) return;
    Vec factor = exp2(all(state_[0] - best));
    state_[1] *= factor[0];
    each_vec(a_.value_dim, [&](int64_t d, auto w) MALMOI_INLINED { store(sums_ + d, load(sums_ + d, w) * factor, w); });
    state_[0] = best;
  }

  void exponents(int64_t key, int64_t count) {
    Vec part = zero(), top = all(state_[0]);
    each_vec(count, [&](int64_t j, auto w) MALMOI_INLINED {
      Vec p = only(exp2(load(scores_ + j, w) - top), w, 0.0f);
      part += p;
      store(scores_ + j, p, w);
    });
    state_[1] += reduce_add(part);
    if (a_.dropout.p <= 0) return;
    dropout_factors(a_.dropout, dropout_index(a_, head_, s_.q_begin + query_, key), count, factors_);
    for (int64_t j = 0; j < count; ++j) scores_[j] *= factors_[j];
  }

  const AttentionArgs& a_;
  const AttentionSegment& s_;
  int64_t head_, query_, kv_head_;
  float *scores_, *factors_, *q_, *unpacked_, *state_, *sums_;
};

/// Merges the parts of one query by their maxima and writes its row. The states are used up.
template <typename T>
void merge_parts(const AttentionArgs& a, const AttentionSegment& s, int64_t head, int64_t query, float* states,
                 int64_t parts) {
  int64_t row = s.q_begin + query, words = part_words(a);
  float sink = a.sinks ? as<float>(a.sinks)[head] * kLog2E : kHidden, top = sink, total = 0;
  for (int64_t n = 0; n < parts; ++n) top = states[n * words] > top ? states[n * words] : top;
  for (int64_t n = 0; n < parts; ++n) {
    float* state = states + n * words;
    state[0] = exp2(all(state[0] - top))[0];
    total += state[1] * state[0];
  }
  if (a.sinks) total += exp2(all(sink - top))[0];
  T* out = as<T>(a.out) + row * a.out_stride + head * a.value_dim;
  Vec share = all(total > 0 ? 1 / total : 0.0f);
  each_vec(a.value_dim, [&](int64_t d, auto w) MALMOI_INLINED {
    Vec sum = zero();
    for (int64_t n = 0; n < parts; ++n) {
      const float* state = states + n * words;
      sum = fma(load(state + kPartHead + d, w), all(state[0]), sum);
    }
    store(out + d, sum * share, w);
  });
  if (!a.lse) return;
  as<float>(a.lse)[head * a.total_rows + row] = total > 0 ? top * kLn2 + __builtin_logf(total) : -__builtin_inff();
}

}  // namespace
}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
