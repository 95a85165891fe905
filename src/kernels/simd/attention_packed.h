// Attention of many queries, forward: a block of 64 queries, side by side in the lanes, meets blocks of 48 keys, with a
// running maximum and sum a query (Dao 2023); nothing is reduced across lanes. Keys and values are packed once for each
// segment and kv head that a worker meets.
#pragma once

#include "kernels/simd/attention_common.h"
#include "kernels/simd/byte_rows.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

template <typename T>
class PackedForward {
 public:
  static constexpr bool kDot = Products<T>::kDot;
  static constexpr int64_t kQueries = kForwardQueries, kKeys = kForwardKeys;

  PackedForward(const AttentionArgs& args, void* memory)
      : a_(args), scratch_(memory), D_(args.head_dim), V_(args.value_dim) {
    steps_ = words_of<kDot>(D_), wide_ = lanes_of(V_);
    int64_t longest = 0;
    for (int64_t i = 0; i < a_.num_segments; ++i) {
      if (!is_direct(a_.segments[i])) longest = max_of(longest, a_.segments[i].k_length);
    }
    longest = round_to(longest, kKeys);
    keys_ = scratch_.take<Word>(longest * steps_);
    values_ = scratch_.take<Word>(longest / kKeys * wide_ * kKeyWords);
    staging_ = scratch_.take<Word>(kQueries * max_of(steps_, wide_));
    gathered_ = scratch_.take<T>(kKeys * max_of(D_, V_));
    queries_ = scratch_.take<Word>(kQueries * steps_);
    scores_ = scratch_.take<float>(kQueries * kKeys);
    chances_ = scratch_.take<Word>(kQueries * kKeys);
    sums_ = scratch_.take<float>(wide_ * kQueries);
    factors_ = scratch_.take<float>(kQueries * kKeys);
  }

  /// Keys and values of another segment or kv head come next.
  void begin(const AttentionSegment& s, int64_t kv_head) {
    s_ = &s, kv_head_ = kv_head, packed_begin_ = packed_end_ = -1, prefix_packed_ = false;
  }

  /// Queries [first, first + count) of one head.
  void run(int64_t head, int64_t first, int64_t count) {
    head_ = head, first_ = first, count_ = count, lanes_ = lanes_of(count), fresh_ = true;
    int64_t prefix = prefix_keys(*s_), prefix_end = round_to(prefix, kKeys);
    Range seen = keys_seen(a_.mask, *s_, Range{first, first + count});
    int64_t from = max_of(seen.begin / kKeys * kKeys, prefix_end), end = max_of(seen.end, prefix);
    if (!prefix_packed_) pack({0, prefix});
    prefix_packed_ = true;
    pack_until(from, end);
    const T* q = as<T>(a_.q) + (s_->q_begin + first) * a_.q_stride + head * D_;
    pack_rows(q, a_.q_stride, count, D_, staging_, steps_);
    transpose_words(staging_, steps_, count, steps_, queries_, kQueries);
    for (int64_t i = 0; i < lanes_; ++i) top_[i] = kHidden, total_[i] = 0;
    auto after = [&](int64_t k) { return k + kKeys == prefix_end ? from : k + kKeys; };
    for (int64_t k = prefix > 0 ? 0 : from; k < end; k = after(k)) block(k, min_of(kKeys, end - k));
    if (fresh_) __builtin_memset(sums_, 0, sizeof(float) * static_cast<size_t>(V_ * kQueries));
    finish();
  }

 private:
  static constexpr int64_t kKeyWords = kDot ? kKeys / 2 : kKeys;

  /// Packs what is missing of the keys [begin, end), begin a multiple of kKeys.
  void pack_until(int64_t begin, int64_t end) {
    if (packed_begin_ < 0 || begin < packed_begin_) packed_begin_ = packed_end_ = begin;
    if (packed_end_ >= end) return;
    pack({packed_end_, end});
    packed_end_ = round_to(end, kKeys);
  }

  /// Packs whole blocks until the range is covered.
  void pack(Range range) {
    for (int64_t k = range.begin; k < range.end; k += kKeys) {
      int64_t count = min_of(kKeys, s_->k_length - k);
      Rows keys = rows(s_->k, s_->k_pages, a_.k_stride, D_, {k, k + count});
      pack_rows(keys.first, keys.stride, count, D_, keys_ + k * steps_, steps_);
      Rows values = rows(s_->v, s_->v_pages, a_.v_stride, V_, {k, k + count});
      pack_steps(values.first, values.stride, count, V_, staging_, wide_);
      transpose_steps<kKeyWords>(staging_, wide_, words_of<kDot>(count), V_, values_ + k / kKeys * wide_ * kKeyWords);
    }
  }

  struct Rows {
    const T* first;
    int64_t stride;
  };

  /// Rows of this kv head, `width` elements of each: in place, or gathered where they stand in several pages, or are bytes.
  Rows rows(const void* base, const void* const* pages, int64_t stride, int64_t width, Range range) {
    int64_t at = kv_head_ * width;
    if (a_.byte_rows) {
      each_stretch<uint8_t>(base, pages, a_.page_rows, stride, range,
                            [&](int64_t first, int64_t count, const uint8_t* from) {
                              T* to = gathered_ + (first - range.begin) * width;
                              for (int64_t i = 0; i < count; ++i)
                                unpack_byte_row(from + i * stride, a_.kv_heads * width, at, width, to + i * width);
                            });
      return {gathered_, width};
    }
    if (!pages) return {as<T>(base) + range.begin * stride + at, stride};
    each_stretch<T>(base, pages, a_.page_rows, stride, range, [&](int64_t first, int64_t count, const T* from) {
      for (int64_t i = 0; i < count; ++i) {
        T* to = gathered_ + (first + i - range.begin) * width;
        __builtin_memcpy(to, from + i * stride + at, sizeof(T) * static_cast<size_t>(width));
      }
    });
    return {gathered_, width};
  }

  void block(int64_t k, int64_t keys) {
    tile_product<kDot>({keys_ + k * steps_, steps_, queries_, kQueries, steps_, scores_, kQueries, false}, keys,
                       lanes_);
    if (a_.softcap > 0) cap(keys);
    if (a_.bias) add_bias(k, keys);
    if (!all_seen(a_.mask, *s_, {first_, first_ + count_}, {k, k + keys})) hide(k, keys);
    if (a_.dropout.p > 0) make_factors(k, keys);
    for (int64_t i = 0; i < lanes_; i += kLanes) {
      raise(i, keys);
      if (a_.dropout.p > 0) {
        exponents<true>(i, keys);
      } else {
        exponents<false>(i, keys);
      }
    }
    const Word* values = values_ + k / kKeys * wide_ * kKeyWords;
    tile_product<kDot>({values, kKeyWords, chances_, kQueries, words_of<kDot>(keys), sums_, kQueries, !fresh_}, V_,
                       lanes_);
    fresh_ = false;
  }

  void hide(int64_t k, int64_t keys) {
    for (int64_t j = 0; j < keys; ++j) {
      Seers seen_by = seers(a_, *s_, k + j, first_, kQueries);
      if (seen_by.all(count_)) continue;
      for (int64_t i = 0; i < lanes_; i += kLanes) {
        float* at = scores_ + j * kQueries + i;
        store(at, seen_by.lanes(i) ? load(at, Full{}) : all(kHidden), Full{});
      }
    }
  }

  /// In the units of scores, which are scaled only when they become exponents.
  void add_bias(int64_t k, int64_t keys) {
    strip_.fill(a_, *s_, head_, k, keys, first_, 1 / a_.scale);
    for (int64_t j = 0; j < keys; ++j) {
      for (int64_t i = 0; i < lanes_; i += kLanes) {
        float* at = scores_ + j * kQueries + i;
        store(at, load(at, Full{}) + strip_.lanes(a_, keys, j, i), Full{});
      }
    }
  }

  void cap(int64_t keys) {
    Vec in = all(a_.scale / a_.softcap), out = all(a_.softcap / a_.scale);
    for (int64_t j = 0; j < keys; ++j) {
      for (int64_t i = 0; i < lanes_; i += kLanes) {
        float* at = scores_ + j * kQueries + i;
        store(at, out * tanh(load(at, Full{}) * in), Full{});
      }
    }
  }

  void make_factors(int64_t k, int64_t keys) {
    float row[kKeys];
    for (int64_t i = 0; i < count_; ++i) {
      dropout_factors(a_.dropout, dropout_index(a_, head_, s_->q_begin + first_ + i, k), keys, row);
      for (int64_t j = 0; j < keys; ++j) factors_[j * kQueries + i] = row[j];
    }
    for (int64_t i = count_; i < lanes_; ++i) {
      for (int64_t j = 0; j < keys; ++j) factors_[j * kQueries + i] = 0;
    }
  }

  /// Takes the maxima of a vector of queries up to this block's, and rescales what they have so far.
  MALMOI_INLINE void raise(int64_t i, int64_t keys) {
    Vec best = load(scores_ + i, Full{}), other = best;
    int64_t j = 1;
    for (; j + 2 <= keys; j += 2) {
      best = max(best, load(scores_ + j * kQueries + i, Full{}));
      other = max(other, load(scores_ + (j + 1) * kQueries + i, Full{}));
    }
    if (j < keys) best = max(best, load(scores_ + j * kQueries + i, Full{}));
    Vec old = load(top_ + i, Full{}), top = max(old, max(best, other) * all(a_.scale * kLog2E));
    store(top_ + i, top, Full{});
    if (fresh_) return;
    Vec factor = exp2(old - top);
    store(total_ + i, load(total_ + i, Full{}) * factor, Full{});
    for (int64_t d = 0; d < V_; ++d) {
      float* at = sums_ + d * kQueries + i;
      store(at, load(at, Full{}) * factor, Full{});
    }
  }

  /// exp2(score - top) of a vector of queries, as steps of keys. A query that has seen nothing yet has no chances.
  template <bool kDropped>
  MALMOI_INLINE void exponents(int64_t i, int64_t keys) {
    Vec top = load(top_ + i, Full{}), total = load(total_ + i, Full{}), factor = all(a_.scale * kLog2E);
    Vec shift = zero() - (top > all(0.5f * kHidden * kSmallScale) ? top : zero());
    auto chance = [&](int64_t j) MALMOI_INLINED {
      Vec p = exp2(fma(load(scores_ + j * kQueries + i, Full{}), factor, shift));
      total += p;
      return kDropped ? p * load(factors_ + j * kQueries + i, Full{}) : p;
    };
    if constexpr (kDot) {
      for (int64_t j = 0; j < keys; j += 2) {
        Vec even = chance(j), odd = j + 1 < keys ? chance(j + 1) : zero();
        store(reinterpret_cast<float*>(chances_ + j / 2 * kQueries + i), pair_words(even, odd), Full{});
      }
    } else {
      for (int64_t j = 0; j < keys; ++j)
        store(reinterpret_cast<float*>(chances_ + j * kQueries + i), chance(j), Full{});
    }
    store(total_ + i, total, Full{});
  }

  /// The sink joins the sums of a vector of queries as one more score, without a value.
  void add_sink(int64_t i) {
    Vec sink = all(as<float>(a_.sinks)[head_] * kLog2E), old = load(top_ + i, Full{}), top = max(old, sink);
    Vec factor = exp2(old - top);
    store(top_ + i, top, Full{});
    store(total_ + i, fma(load(total_ + i, Full{}), factor, exp2(sink - top)), Full{});
    for (int64_t d = 0; d < V_; ++d) {
      float* at = sums_ + d * kQueries + i;
      store(at, load(at, Full{}) * factor, Full{});
    }
  }

  /// sums_ is [V][64 queries]: turned on the way out.
  void finish() {
    for (int64_t i = 0; i < lanes_; i += kLanes) {
      if (a_.sinks) add_sink(i);
      Vec total = load(total_ + i, Full{});
      Vec factor = total > zero() ? all(1.0f) / total : zero();
      for (int64_t d = 0; d < V_; ++d) {
        float* at = sums_ + d * kQueries + i;
        store(at, load(at, Full{}) * factor, Full{});
      }
    }
    transpose_words(reinterpret_cast<const Word*>(sums_), kQueries, V_, count_, staging_, wide_);
    for (int64_t i = 0; i < count_; ++i) {
      int64_t row = s_->q_begin + first_ + i;
      T* out = as<T>(a_.out) + row * a_.out_stride + head_ * V_;
      const float* from = reinterpret_cast<const float*>(staging_ + i * wide_);
      each_vec(V_, [&](int64_t d, auto w) MALMOI_INLINED { store(out + d, load(from + d, w), w); });
      if (!a_.lse) continue;
      float lse = total_[i] > 0 ? top_[i] * kLn2 + __builtin_logf(total_[i]) : -__builtin_inff();
      as<float>(a_.lse)[head_ * a_.total_rows + row] = lse;
    }
  }

  static constexpr float kSmallScale = 1e-6f;
  const AttentionArgs& a_;
  Scratch scratch_;
  int64_t D_, V_, steps_, wide_;  // widths of a key and a value; words of a packed key; lanes of a value
  Word *keys_, *values_, *staging_, *queries_, *chances_;
  T* gathered_;
  float *scores_, *sums_, *factors_;
  float top_[kQueries], total_[kQueries];
  BiasStrip<kKeys, kQueries> strip_;
  const AttentionSegment* s_ = nullptr;
  int64_t kv_head_ = 0, head_ = 0, first_ = 0, count_ = 0, lanes_ = 0, packed_begin_ = -1, packed_end_ = -1;
  bool prefix_packed_ = false;
  bool fresh_ = true;  // the queries have met no key yet
};

}  // namespace
}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
