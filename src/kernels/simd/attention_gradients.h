// Attention, backward (Dao 2023): scores are made again, transposed, for a block of 48 keys by 64 queries, so that the
// gradients of keys and values sum over queries without a transposition.
#pragma once

#include "kernels/simd/attention_common.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

template <typename T>
class Backward {
 public:
  static constexpr bool kDot = Products<T>::kDot;
  static constexpr int64_t kQueries = kBackwardQueries, kKeys = kBackwardKeys;

  Backward(const AttentionBackwardArgs& args, void* memory)
      : b_(args), a_(args.forward), scratch_(memory), D_(a_.head_dim), V_(a_.value_dim) {
    int64_t queries = 0, keys = 0;
    for (int64_t i = 0; i < a_.num_segments; ++i) {
      queries = max_of(queries, a_.segments[i].q_length), keys = max_of(keys, a_.segments[i].k_length);
    }
    queries = round_to(queries, kQueries);
    keys = a_.heads == a_.kv_heads ? kKeys : round_to(keys, kKeys);
    steps_ = words_of<kDot>(D_), wide_ = lanes_of(D_), v_steps_ = words_of<kDot>(V_), v_wide_ = lanes_of(V_);
    q_lanes_ = scratch_.take<Word>(queries * steps_), dout_lanes_ = scratch_.take<Word>(queries * v_steps_);
    q_steps_ = scratch_.take<Word>(words_of<kDot>(queries) * wide_);
    dout_steps_ = scratch_.take<Word>(words_of<kDot>(queries) * v_wide_);
    dq_ = scratch_.take<float>(queries * wide_);
    lse_ = scratch_.take<float>(queries), dot_ = scratch_.take<float>(queries);
    dk_ = scratch_.take<float>(keys * wide_), dv_ = scratch_.take<float>(keys * v_wide_);
    k_rows_ = scratch_.take<Word>(kKeys * steps_), v_rows_ = scratch_.take<Word>(kKeys * v_steps_);
    k_columns_ = scratch_.take<Word>(wide_ * kKeyWords);
    staging_ = scratch_.take<Word>(kQueries * max_of(wide_, v_wide_));
    scores_ = scratch_.take<float>(kTile), dp_ = scratch_.take<float>(kTile), factors_ = scratch_.take<float>(kTile);
    p_rows_ = scratch_.take<Word>(kTile), ds_rows_ = scratch_.take<Word>(kTile), ds_steps_ = scratch_.take<Word>(kTile);
  }

  /// All gradients of one kv head of a segment. `rows`: of the segment's heads, for the gradients of biases and sinks.
  void run(const AttentionSegment& s, int64_t kv_head, float* rows) {
    s_ = &s, kv_head_ = kv_head;
    int64_t group = a_.heads / a_.kv_heads;
    for (int64_t h = kv_head * group; h < (kv_head + 1) * group; ++h) {
      head_ = h, row_ = rows + h * parameter_row_words(a_);
      __builtin_memset(row_, 0, sizeof(float) * static_cast<size_t>(parameter_row_words(a_)));
      pack_queries();
      if (a_.sinks) differentiate_sink();
      for (int64_t k = 0; k < s.k_length; k += kKeys) {
        key_block(k, min_of(kKeys, s.k_length - k), h == kv_head * group);
        if (h == (kv_head + 1) * group - 1) write_keys(k, min_of(kKeys, s.k_length - k));
      }
      write_queries();
    }
  }

 private:
  static constexpr int64_t kTile = kQueries * kKeys, kKeyWords = kDot ? kKeys / 2 : kKeys;
  static constexpr int64_t kQueryWords = kDot ? kQueries / 2 : kQueries;

  /// Packs queries and output gradients both ways, and finds dout . out of every query.
  void pack_queries() {
    const float* lse = as<float>(a_.lse) + head_ * a_.total_rows + s_->q_begin;
    for (int64_t q = 0; q < s_->q_length; q += kQueries) {
      int64_t count = min_of(kQueries, s_->q_length - q);
      const T* from = as<T>(a_.q) + (s_->q_begin + q) * a_.q_stride + head_ * D_;
      const T* dout = as<T>(b_.dout) + (s_->q_begin + q) * a_.out_stride + head_ * V_;
      const T* out = as<T>(static_cast<const void*>(a_.out)) + (s_->q_begin + q) * a_.out_stride + head_ * V_;
      pack_both(from, a_.q_stride, count, D_, q_lanes_ + q * steps_, q_steps_ + words_of<kDot>(q) * wide_);
      pack_both(dout, a_.out_stride, count, V_, dout_lanes_ + q * v_steps_, dout_steps_ + words_of<kDot>(q) * v_wide_);
      for (int64_t i = 0; i < kQueries; ++i) {
        // A query past the end, like one that sees no key, gets a log sum that makes each probability zero.
        bool real = i < count && lse[q + i] > kHidden;
        lse_[q + i] = real ? lse[q + i] * kLog2E : -kHidden;
        dot_[q + i] = real ? row_dot(dout + i * a_.out_stride, out + i * a_.out_stride) : 0.0f;
      }
    }
    __builtin_memset(dq_, 0, sizeof(float) * static_cast<size_t>(round_to(s_->q_length, kQueries) * wide_));
  }

  void pack_both(const T* x, int64_t stride, int64_t count, int64_t width, Word* lanes, Word* steps) {
    int64_t row_steps = words_of<kDot>(width), wide = lanes_of(width), done = words_of<kDot>(count);
    pack_rows(x, stride, count, width, staging_, row_steps);
    if (count < kQueries) __builtin_memset(lanes, 0, sizeof(Word) * static_cast<size_t>(kQueries * row_steps));
    transpose_words(staging_, row_steps, count, row_steps, lanes, kQueries);
    pack_steps(x, stride, count, width, steps, wide);
    __builtin_memset(steps + done * wide, 0, sizeof(Word) * static_cast<size_t>((kQueryWords - done) * wide));
  }

  /// A sink has no value: its probability times -(dout . out), summed over queries.
  void differentiate_sink() {
    Vec sink = all(as<float>(a_.sinks)[head_] * kLog2E), sum = zero();
    for (int64_t i = 0; i < round_to(s_->q_length, kQueries); i += kLanes) {
      sum = fnma(exp2(sink - load(lse_ + i, Full{})), load(dot_ + i, Full{}), sum);
    }
    row_[bias_width(a_)] = reduce_add(sum);
  }

  float row_dot(const T* x, const T* y) const {
    Vec sum = zero();
    each_vec(V_, [&](int64_t d, auto w) MALMOI_INLINED { sum = fma(load(x + d, w), load(y + d, w), sum); });
    return reduce_add(sum);
  }

  void key_block(int64_t k, int64_t keys, bool first_head) {
    const T* k_from = as<T>(s_->k) + k * a_.k_stride + kv_head_ * D_;
    const T* v_from = as<T>(s_->v) + k * a_.v_stride + kv_head_ * V_;
    pack_rows(k_from, a_.k_stride, keys, D_, k_rows_, steps_);
    pack_rows(v_from, a_.v_stride, keys, V_, v_rows_, v_steps_);
    pack_steps(k_from, a_.k_stride, keys, D_, staging_, wide_);
    transpose_steps<kKeyWords>(staging_, wide_, words_of<kDot>(keys), D_, k_columns_);
    int64_t at = a_.heads == a_.kv_heads ? 0 : k;
    bool add = !first_head;
    int64_t first = queries_seeing(a_.mask, *s_, k).begin, last = queries_seeing(a_.mask, *s_, k + keys - 1).end;
    if (k < s_->prefix) last = s_->q_length;
    float *dk = dk_ + at * wide_, *dv = dv_ + at * v_wide_;
    for (int64_t q = first / kQueries * kQueries; q < last; q += kQueries) {
      pair(k, keys, q, dk, dv, add);
      add = true;
    }
    if (!add) {
      __builtin_memset(dk, 0, sizeof(float) * static_cast<size_t>(keys * wide_));
      __builtin_memset(dv, 0, sizeof(float) * static_cast<size_t>(keys * v_wide_));
    }
  }

  /// One block of keys and one of queries: adds to dk, dv and the block's dq.
  void pair(int64_t k, int64_t keys, int64_t q, float* dk, float* dv, bool add) {
    int64_t queries = lanes_of(min_of(kQueries, s_->q_length - q));
    tile_product<kDot>({k_rows_, steps_, q_lanes_ + q * steps_, kQueries, steps_, scores_, kQueries, false}, keys,
                       queries);
    tile_product<kDot>({v_rows_, v_steps_, dout_lanes_ + q * v_steps_, kQueries, v_steps_, dp_, kQueries, false}, keys,
                       queries);
    if (a_.dropout.p > 0) make_factors(k, keys, q, min_of(kQueries, s_->q_length - q));
    switch (kind_of(k, keys, q)) {
      case Kind::kPlain: differentiate<Kind::kPlain>(keys, q, queries); break;
      case Kind::kMasked: differentiate<Kind::kMasked>(keys, q, queries); break;
      case Kind::kAll: differentiate<Kind::kAll>(keys, q, queries); break;
    }
    if (b_.dbias) add_bias_gradient(k, keys, q);
    const Word *dout_steps = dout_steps_ + words_of<kDot>(q) * v_wide_, *q_steps = q_steps_ + words_of<kDot>(q) * wide_;
    int64_t query_words = words_of<kDot>(queries), key_words = words_of<kDot>(keys);
    tile_product<kDot>({p_rows_, kQueryWords, dout_steps, v_wide_, query_words, dv, v_wide_, add}, keys, V_);
    tile_product<kDot>({ds_rows_, kQueryWords, q_steps, wide_, query_words, dk, wide_, add}, keys, D_);
    const Word* ds = kDot ? ds_steps_ : ds_rows_;
    tile_product<kDot>({k_columns_, kKeyWords, ds, kQueries, key_words, dq_ + q * wide_, kQueries, true}, D_, queries);
  }

  /// What has to be done to the scores of a tile: each kind is compiled without what it does not need.
  enum class Kind { kPlain, kMasked, kAll };

  /// Chooses the kind of a tile, and makes its masks and biases.
  Kind kind_of(int64_t k, int64_t keys, int64_t q) {
    bool more = a_.bias || a_.softcap > 0 || a_.dropout.p > 0;
    if (!more && all_seen(a_.mask, *s_, {q, min_of(q + kQueries, s_->q_length)}, {k, k + keys})) return Kind::kPlain;
    for (int64_t j = 0; j < keys; ++j) seers_[j] = seers(a_, *s_, k + j, q, kQueries);
    if (!more) return Kind::kMasked;
    if (a_.bias) strip_.fill(a_, *s_, head_, k, keys, q, 1);
    if (b_.dbias) __builtin_memset(dstrip_.entries, 0, sizeof dstrip_.entries);
    return Kind::kAll;
  }

  void add_bias_gradient(int64_t k, int64_t keys, int64_t q) {
    BiasRow biases(a_, head_);
    dstrip_.each_entry(a_, *s_, k, keys, q, [&](int64_t i, int64_t place) {
      row_[a_.bias_left + biases.entry(place)] += dstrip_.entries[i];
    });
  }

  void make_factors(int64_t k, int64_t keys, int64_t q, int64_t queries) {
    float row[kKeys];
    for (int64_t i = 0; i < queries; ++i) {
      dropout_factors(a_.dropout, dropout_index(a_, head_, s_->q_begin + q + i, k), keys, row);
      for (int64_t j = 0; j < keys; ++j) factors_[j * kQueries + i] = row[j];
    }
    for (int64_t i = queries; i < kQueries; ++i) {
      for (int64_t j = 0; j < keys; ++j) factors_[j * kQueries + i] = 0;
    }
  }

  struct Gradient {
    Vec p, ds;  // the probability that weighs v, and the gradient of q k^T
  };

  /// Probabilities and gradients of scores of key row j at queries [i, i + kLanes) of the block.
  template <Kind kKind>
  MALMOI_INLINE Gradient gradient(int64_t keys, int64_t j, int64_t q, int64_t i) {
    Vec score = load(scores_ + j * kQueries + i, Full{}), dp = load(dp_ + j * kQueries + i, Full{});
    Vec lse = load(lse_ + q + i, Full{}), dot = load(dot_ + q + i, Full{}), slope = all(a_.scale);
    if constexpr (kKind != Kind::kAll) {
      Vec p = exp2(fma(score, all(a_.scale * kLog2E), zero() - lse));
      if constexpr (kKind == Kind::kMasked) p = seers_[j].lanes(i) ? p : zero();
      return {p, p * (dp - dot) * slope};
    } else {
      score *= all(a_.scale);
      if (a_.softcap > 0) {
        Vec t = tanh(score / all(a_.softcap));
        score = t * all(a_.softcap);
        slope *= fnma(t, t, all(1.0f));
      }
      if (a_.bias) score += strip_.lanes(a_, keys, j, i);
      Vec p = exp2(fma(score, all(kLog2E), zero() - lse));
      p = seers_[j].lanes(i) ? p : zero();
      Vec factor = a_.dropout.p > 0 ? load(factors_ + j * kQueries + i, Full{}) : all(1.0f);
      Vec ds = p * fma(dp, factor, zero() - dot);
      if (b_.dbias) dstrip_.add(a_, keys, j, i, ds);
      return {p * factor, ds * slope};
    }
  }

  /// Fills the operands p_rows_ [key][query], ds_rows_ [key][query] and, for pairs, ds_steps_ [pair of keys][query].
  template <Kind kKind>
  void differentiate(int64_t keys, int64_t q, int64_t queries) {
    if constexpr (!kDot) {
      auto *p_rows = reinterpret_cast<float*>(p_rows_), *ds_rows = reinterpret_cast<float*>(ds_rows_);
      for (int64_t j = 0; j < keys; ++j) {
        for (int64_t i = 0; i < queries; i += kLanes) {
          Gradient g = gradient<kKind>(keys, j, q, i);
          store(p_rows + j * kQueries + i, g.p, Full{});
          store(ds_rows + j * kQueries + i, g.ds, Full{});
        }
      }
    } else {
      differentiate_pairs<kKind>(keys, q, queries);
    }
  }

  template <Kind kKind>
  void differentiate_pairs(int64_t keys, int64_t q, int64_t queries) {
    auto *p_rows = reinterpret_cast<BF16*>(p_rows_), *ds_rows = reinterpret_cast<BF16*>(ds_rows_);
    for (int64_t j = 0; j < keys; j += 2) {
      for (int64_t i = 0; i < queries; i += kLanes) {
        Gradient even = gradient<kKind>(keys, j, q, i), odd{zero(), zero()};
        if (j + 1 < keys) odd = gradient<kKind>(keys, j + 1, q, i);
        store(p_rows + j * kQueries + i, even.p, Full{});
        store(p_rows + (j + 1) * kQueries + i, odd.p, Full{});
        HVec low = narrow(even.ds), high = narrow(odd.ds);
        *reinterpret_cast<HVecUnaligned*>(ds_rows + j * kQueries + i) = low;
        *reinterpret_cast<HVecUnaligned*>(ds_rows + (j + 1) * kQueries + i) = high;
        store(reinterpret_cast<float*>(ds_steps_ + j / 2 * kQueries + i), pair_words(even.ds, odd.ds), Full{});
      }
    }
  }

  void write_keys(int64_t k, int64_t keys) {
    int64_t at = a_.heads == a_.kv_heads ? 0 : k;
    for (int64_t j = 0; j < keys; ++j) {
      T* dk = as<T>(s_->dk) + (k + j) * a_.k_stride + kv_head_ * D_;
      T* dv = as<T>(s_->dv) + (k + j) * a_.v_stride + kv_head_ * V_;
      const float *dk_from = dk_ + (at + j) * wide_, *dv_from = dv_ + (at + j) * v_wide_;
      each_vec(D_, [&](int64_t d, auto w) MALMOI_INLINED { store(dk + d, load(dk_from + d, w), w); });
      each_vec(V_, [&](int64_t d, auto w) MALMOI_INLINED { store(dv + d, load(dv_from + d, w), w); });
    }
  }

  /// dq_ holds [D][64 queries] for each block: turned and rounded on the way out.
  void write_queries() {
    auto* turned = reinterpret_cast<float*>(staging_);
    for (int64_t q = 0; q < s_->q_length; q += kQueries) {
      int64_t count = min_of(kQueries, s_->q_length - q);
      transpose_words(reinterpret_cast<const Word*>(dq_ + q * wide_), kQueries, D_, count, staging_, wide_);
      for (int64_t i = 0; i < count; ++i) {
        T* to = as<T>(b_.dq) + (s_->q_begin + q + i) * a_.q_stride + head_ * D_;
        const float* from = turned + i * wide_;
        each_vec(D_, [&](int64_t d, auto w) MALMOI_INLINED { store(to + d, load(from + d, w), w); });
      }
    }
  }

  const AttentionBackwardArgs& b_;
  const AttentionArgs& a_;
  Scratch scratch_;
  int64_t D_, V_, steps_, wide_, v_steps_, v_wide_;  // of a key and of a value: width, packed words, whole lanes
  Word *q_lanes_, *dout_lanes_, *q_steps_, *dout_steps_, *k_rows_, *v_rows_, *k_columns_, *staging_;
  Word *p_rows_, *ds_rows_, *ds_steps_;
  float *dq_, *lse_, *dot_, *dk_, *dv_, *scores_, *dp_, *factors_;
  Seers seers_[kKeys];
  BiasStrip<kKeys, kQueries> strip_, dstrip_;
  float* row_ = nullptr;  // of the head: gradients of its biases and its sink over this segment
  const AttentionSegment* s_ = nullptr;
  int64_t kv_head_ = 0, head_ = 0;
};

}  // namespace
}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
