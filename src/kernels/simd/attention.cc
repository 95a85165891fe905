// Attention, forward: a block of 64 queries, side by side in the lanes, meets blocks of 48 keys, with a running maximum
// and sum a query (Dao 2023); nothing is reduced across lanes. Keys and values are packed once for each segment and kv
// head that a worker meets.
#include "kernels/simd/attention_common.h"
#include "kernels/simd/attention_direct.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

constexpr int64_t kQueries = kForwardQueries, kKeys = kForwardKeys;

template <typename T>
class Forward {
 public:
  static constexpr bool kDot = Products<T>::kDot;

  Forward(const AttentionArgs& args, void* memory) : a_(args), scratch_(memory) {
    int64_t longest = 0;
    for (int64_t i = 0; i < a_.num_segments; ++i) {
      if (!is_direct(a_.segments[i])) longest = max_of(longest, a_.segments[i].k_length);
    }
    longest = round_to(longest, kKeys);
    D_ = a_.head_dim, steps_ = words_of<kDot>(D_), wide_ = lanes_of(D_);
    keys_ = scratch_.take<Word>(longest * steps_);
    values_ = scratch_.take<Word>(longest / kKeys * wide_ * kKeyWords);
    staging_ = scratch_.take<Word>(kQueries * wide_);
    queries_ = scratch_.take<Word>(kQueries * steps_);
    scores_ = scratch_.take<float>(kQueries * kKeys);
    chances_ = scratch_.take<Word>(kQueries * kKeys);
    sums_ = scratch_.take<float>(wide_ * kQueries);
    factors_ = scratch_.take<float>(kQueries * kKeys);
  }

  /// Keys and values of another segment or kv head come next.
  void begin(const AttentionSegment& s, int64_t kv_head) {
    s_ = &s, kv_head_ = kv_head, packed_begin_ = packed_end_ = -1;
  }

  /// Queries [first, first + count) of one head.
  void run(int64_t head, int64_t first, int64_t count) {
    head_ = head, first_ = first, count_ = count, lanes_ = lanes_of(count);
    KeyRange range = visible_keys(a_, *s_, first, first + count - 1);
    int64_t from = range.begin / kKeys * kKeys;
    pack_until(from, range.end);
    const T* q = as<T>(a_.q) + (s_->q_begin + first) * a_.q_stride + head * D_;
    pack_rows(q, a_.q_stride, count, D_, staging_, steps_);
    transpose_words(staging_, steps_, count, steps_, queries_, kQueries);
    for (int64_t i = 0; i < lanes_; ++i) top_[i] = kHidden, total_[i] = 0;
    if (from >= range.end) __builtin_memset(sums_, 0, sizeof(float) * static_cast<size_t>(D_ * kQueries));
    for (int64_t k = from; k < range.end; k += kKeys) block(k, min_of(kKeys, range.end - k), k == from);
    finish();
  }

 private:
  static constexpr int64_t kKeyWords = kDot ? kKeys / 2 : kKeys;

  /// Packs what is missing of the keys [begin, end), begin a multiple of kKeys.
  void pack_until(int64_t begin, int64_t end) {
    if (packed_begin_ < 0 || begin < packed_begin_) packed_begin_ = packed_end_ = begin;
    for (int64_t k = packed_end_; k < end; k += kKeys) {
      int64_t count = min_of(kKeys, s_->k_length - k);
      const T* keys = as<T>(s_->k) + k * a_.k_stride + kv_head_ * D_;
      const T* values = as<T>(s_->v) + k * a_.v_stride + kv_head_ * D_;
      pack_rows(keys, a_.k_stride, count, D_, keys_ + k * steps_, steps_);
      pack_steps(values, a_.v_stride, count, D_, staging_, wide_);
      transpose_steps<kKeyWords>(staging_, wide_, words_of<kDot>(count), D_, values_ + k / kKeys * wide_ * kKeyWords);
      packed_end_ = k + kKeys;
    }
  }

  void block(int64_t k, int64_t keys, bool first) {
    tile_product<kDot>({keys_ + k * steps_, steps_, queries_, kQueries, steps_, scores_, kQueries, false}, keys,
                       lanes_);
    if (a_.softcap > 0) cap(keys);
    if (!is_plain(k, keys)) hide(k, keys);
    if (a_.dropout.p > 0) make_factors(k, keys);
    for (int64_t i = 0; i < lanes_; i += kLanes) {
      raise(i, keys, first);
      if (a_.dropout.p > 0) {
        exponents<true>(i, keys);
      } else {
        exponents<false>(i, keys);
      }
    }
    const Word* values = values_ + k / kKeys * wide_ * kKeyWords;
    tile_product<kDot>({values, kKeyWords, chances_, kQueries, words_of<kDot>(keys), sums_, kQueries, !first}, D_,
                       lanes_);
  }

  /// Whether every query of the block sees every key.
  bool is_plain(int64_t k, int64_t keys) const {
    if (s_->key_mask) return false;
    int64_t offset = s_->k_length - s_->q_length;
    if (a_.mask.causal && k + keys - 1 > first_ + offset) return false;
    return a_.mask.window <= 0 || k > first_ + count_ - 1 + offset - a_.mask.window;
  }

  void hide(int64_t k, int64_t keys) {
    for (int64_t j = 0; j < keys; ++j) {
      for (int64_t i = 0; i < lanes_; i += kLanes) {
        float* at = scores_ + j * kQueries + i;
        store(at, sees(a_, *s_, k + j, first_ + i) ? load(at, Full{}) : all(kHidden), Full{});
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
  MALMOI_INLINE void raise(int64_t i, int64_t keys, bool first) {
    Vec best = load(scores_ + i, Full{}), other = best;
    int64_t j = 1;
    for (; j + 2 <= keys; j += 2) {
      best = max(best, load(scores_ + j * kQueries + i, Full{}));
      other = max(other, load(scores_ + (j + 1) * kQueries + i, Full{}));
    }
    if (j < keys) best = max(best, load(scores_ + j * kQueries + i, Full{}));
    Vec old = load(top_ + i, Full{}), top = max(old, max(best, other) * all(a_.scale * kLog2E));
    store(top_ + i, top, Full{});
    if (first) return;
    Vec factor = exp2(old - top);
    store(total_ + i, load(total_ + i, Full{}) * factor, Full{});
    for (int64_t d = 0; d < D_; ++d) {
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

  /// sums_ is [D][64 queries]: turned on the way out.
  void finish() {
    for (int64_t i = 0; i < lanes_; i += kLanes) {
      Vec total = load(total_ + i, Full{});
      Vec factor = total > zero() ? all(1.0f) / total : zero();
      for (int64_t d = 0; d < D_; ++d) {
        float* at = sums_ + d * kQueries + i;
        store(at, load(at, Full{}) * factor, Full{});
      }
    }
    transpose_words(reinterpret_cast<const Word*>(sums_), kQueries, D_, count_, staging_, wide_);
    for (int64_t i = 0; i < count_; ++i) {
      int64_t row = s_->q_begin + first_ + i;
      T* out = as<T>(a_.out) + row * a_.out_stride + head_ * D_;
      const float* from = reinterpret_cast<const float*>(staging_ + i * wide_);
      each_vec(D_, [&](int64_t d, auto w) MALMOI_INLINED { store(out + d, load(from + d, w), w); });
      if (!a_.lse) continue;
      float lse = total_[i] > 0 ? top_[i] * kLn2 + __builtin_logf(total_[i]) : -__builtin_inff();
      as<float>(a_.lse)[head_ * a_.total_rows + row] = lse;
    }
  }

  static constexpr float kSmallScale = 1e-6f;
  const AttentionArgs& a_;
  Scratch scratch_;
  int64_t D_, steps_, wide_;
  Word *keys_, *values_, *staging_, *queries_, *chances_;
  float *scores_, *sums_, *factors_;
  float top_[kQueries], total_[kQueries];
  const AttentionSegment* s_ = nullptr;
  int64_t kv_head_ = 0, head_ = 0, first_ = 0, count_ = 0, lanes_ = 0, packed_begin_ = -1, packed_end_ = -1;
};

/// Walks (segment, kv head, head, block of queries) in order; a worker does those whose running cost falls in its part.
template <typename T>
void forward(const AttentionArgs& a) {
  int64_t total = 0, group = a.heads / a.kv_heads;
  for (int64_t n = 0; n < a.num_segments; ++n) total += a.heads * head_cost(a, a.segments[n]);
  int workers = team_size(a);
  int64_t words = forward_words(a);
  parallel_team(workers, [&](int worker) {
    Word* memory = as<Word>(a.scratch) + worker * words;
    Forward<T> forward(a, memory);
    int64_t begin = total * worker / workers, end = total * (worker + 1) / workers, at = 0;
    for (int64_t n = 0; n < a.num_segments; ++n) {
      const AttentionSegment& s = a.segments[n];
      int64_t cost = head_cost(a, s), blocks = is_direct(s) ? 1 : (s.q_length + kQueries - 1) / kQueries;
      for (int64_t h = 0; h < a.heads; ++h, at += cost) {
        if (s.q_length == 0 || at + cost <= begin || at >= end) continue;
        if (is_direct(s)) {
          if (at >= begin) attend_directly<T>(a, s, h, memory);
          continue;
        }
        if (h % group == 0 || at <= begin) forward.begin(s, h / group);
        for (int64_t b = 0; b < blocks; ++b) {
          int64_t place =
              at + (a.mask.causal && a.mask.window <= 0 ? cost * b * b / (blocks * blocks) : cost * b / blocks);
          if (place < begin || place >= end) continue;
          forward.run(h, b * kQueries, min_of(kQueries, s.q_length - b * kQueries));
        }
      }
    }
  });
}

}  // namespace

void attention(Stream&, const AttentionArgs& a) {
  if (a.heads == 0 || a.num_segments == 0) return;
  with_type(a.dtype, [&](auto type) { forward<decltype(type)>(a); });
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
