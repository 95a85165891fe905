// Attention, forward: blocks of 48 queries meet blocks of 128 keys, with a running maximum and sum a query
// (Dao 2023). Keys and values are packed once for each segment and kv head that a worker meets.
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
    steps_ = words_of<kDot>(a_.head_dim), wide_ = lanes_of(a_.head_dim);
    keys_ = scratch_.take<Word>(longest * steps_);
    values_ = scratch_.take<Word>(words_of<kDot>(longest) * wide_);
    rows_ = scratch_.take<Word>(kKeys * steps_);
    queries_ = scratch_.take<Word>(kQueries * steps_);
    scores_ = scratch_.take<float>(kQueries * kKeys);
    chances_ = scratch_.take<Word>(words_of<kDot>(kKeys) * kQueries);
    sums_ = scratch_.take<float>(kQueries * wide_);
    factors_ = scratch_.take<float>(kKeys);
  }

  /// Keys and values of another segment or kv head come next.
  void begin(const AttentionSegment& s, int64_t kv_head) {
    segment_ = &s, kv_head_ = kv_head, packed_begin_ = packed_end_ = -1;
  }

  /// Queries [first, first + count) of one head.
  void run(int64_t head, int64_t first, int64_t count) {
    head_ = head, first_ = first, count_ = count;
    KeyRange range = visible_keys(a_, *segment_, first, first + count - 1);
    pack_until(range.begin / kKeys * kKeys, range.end);
    const T* q = as<T>(a_.q) + (segment_->q_begin + first) * a_.q_stride + head * a_.head_dim;
    pack_rows(q, a_.q_stride, count, a_.head_dim, queries_, steps_);
    for (int64_t i = 0; i < count; ++i) top_[i] = kHidden, total_[i] = 0;
    __builtin_memset(sums_, 0, sizeof(float) * static_cast<size_t>(count * wide_));
    for (int64_t k = range.begin / kKeys * kKeys; k < range.end; k += kKeys) block(k, min_of(kKeys, range.end - k));
    finish();
  }

 private:
  /// Packs what is missing of the keys [begin, end), begin a multiple of kKeys.
  void pack_until(int64_t begin, int64_t end) {
    if (packed_begin_ < 0 || begin < packed_begin_) packed_begin_ = packed_end_ = begin;
    for (int64_t k = packed_end_; k < end; k += kKeys) {
      int64_t count = min_of(kKeys, segment_->k_length - k);
      const T* keys = as<T>(segment_->k) + k * a_.kv_stride + kv_head_ * a_.head_dim;
      const T* values = as<T>(segment_->v) + k * a_.kv_stride + kv_head_ * a_.head_dim;
      pack_rows(keys, a_.kv_stride, count, a_.head_dim, rows_, steps_);
      transpose_words(rows_, steps_, count, steps_, keys_ + k * steps_, kKeys);
      pack_steps(values, a_.kv_stride, count, a_.head_dim, values_ + words_of<kDot>(k) * wide_, wide_);
      packed_end_ = k + kKeys;
    }
  }

  void block(int64_t k, int64_t keys) {
    tile_product<kDot>({queries_, steps_, keys_ + k * steps_, kKeys, steps_, scores_, kKeys, false}, count_, keys);
    bool any = false;
    for (int64_t i = 0; i < count_; ++i) any |= soften(i, k, keys);
    if (!any) return;
    const Word* values = values_ + words_of<kDot>(k) * wide_;
    tile_product<kDot>({chances_, kChanceWords, values, wide_, words_of<kDot>(keys), sums_, wide_, true}, count_,
                       a_.head_dim);
  }

  /// Turns a row of scores into exp2(score - top); rescales what the row has so far where its top rises.
  bool soften(int64_t i, int64_t k, int64_t keys) {
    float* row = scores_ + i * kKeys;
    int64_t padded = lanes_of(kDot ? (keys + 1) / 2 * 2 : keys);
    KeyRange range = visible_keys(a_, *segment_, first_ + i);
    int64_t begin = max_of(0, range.begin - k), end = min_of(keys, range.end - k);
    if (a_.softcap > 0) cap(row, padded);
    for (int64_t j = 0; j < min_of(begin, padded); ++j) row[j] = kHidden;
    for (int64_t j = max_of(end, 0); j < padded; ++j) row[j] = kHidden;
    if (segment_->key_mask) {
      for (int64_t j = begin; j < end; ++j) {
        if (!segment_->key_mask[k + j]) row[j] = kHidden;
      }
    }
    Vec best = all(kHidden), factor = all(a_.scale * kLog2E);
    for (int64_t j = 0; j < padded; j += kLanes) best = max(best, load(row + j, Full{}));
    float top = reduce_max(best);
    if (top <= kHidden) {
      __builtin_memset(chances_ + i * kChanceWords, 0, sizeof(Word) * static_cast<size_t>(kChanceWords));
      return top_[i] > kHidden;
    }
    raise(i, top * a_.scale * kLog2E);
    if (a_.dropout.p > 0) {
      dropout_factors(a_.dropout, dropout_index(a_, head_, segment_->q_begin + first_ + i, k), keys, factors_);
      for (int64_t j = keys; j < padded; ++j) factors_[j] = 0;
      total_[i] += exponents<true>(row, i, padded, factor);
    } else {
      total_[i] += exponents<false>(row, i, padded, factor);
    }
    return true;
  }

  void cap(float* row, int64_t n) {
    Vec in = all(a_.scale / a_.softcap), out = all(a_.softcap / a_.scale);
    for (int64_t j = 0; j < n; j += kLanes) store(row + j, out * tanh(load(row + j, Full{}) * in), Full{});
  }

  void raise(int64_t i, float top) {
    if (top <= top_[i]) return;
    if (top_[i] > kHidden) {
      Vec factor = exp2(all(top_[i] - top));
      total_[i] *= factor[0];
      for (int64_t d = 0; d < wide_; d += kLanes) {
        float* at = sums_ + i * wide_ + d;
        store(at, load(at, Full{}) * factor, Full{});
      }
    }
    top_[i] = top;
  }

  template <bool kDropped>
  MALMOI_INLINE float exponents(const float* row, int64_t i, int64_t n, Vec factor) {
    Vec total = zero(), shift = all(-top_[i]);
    Word* out = chances_ + i * kChanceWords;
    for (int64_t j = 0; j < n; j += kLanes) {
      Vec p = exp2(fma(load(row + j, Full{}), factor, shift));
      total += p;
      if constexpr (kDropped) p *= load(factors_ + j, Full{});
      if constexpr (kDot) {
        store(reinterpret_cast<BF16*>(out) + j, p, Full{});
      } else {
        store(reinterpret_cast<float*>(out) + j, p, Full{});
      }
    }
    return reduce_add(total);
  }

  void finish() {
    for (int64_t i = 0; i < count_; ++i) {
      int64_t row = segment_->q_begin + first_ + i;
      T* out = as<T>(a_.out) + row * a_.out_stride + head_ * a_.head_dim;
      Vec factor = all(total_[i] > 0 ? 1 / total_[i] : 0.0f);
      const float* sums = sums_ + i * wide_;
      each_vec(a_.head_dim, [&](int64_t d, auto w) MALMOI_INLINED { store(out + d, load(sums + d, w) * factor, w); });
      if (!a_.lse) continue;
      float lse = total_[i] > 0 ? top_[i] * kLn2 + __builtin_logf(total_[i]) : -__builtin_inff();
      as<float>(a_.lse)[head_ * a_.total_rows + row] = lse;
    }
  }

  static constexpr int64_t kChanceWords = kDot ? kKeys / 2 : kKeys;
  const AttentionArgs& a_;
  Scratch scratch_;
  int64_t steps_, wide_;
  Word *keys_, *values_, *rows_, *queries_, *chances_;
  float *scores_, *sums_, *factors_;
  float top_[kQueries], total_[kQueries];
  const AttentionSegment* segment_ = nullptr;
  int64_t kv_head_ = 0, head_ = 0, first_ = 0, count_ = 0, packed_begin_ = -1, packed_end_ = -1;
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
          int64_t place = at + (a.causal && a.window <= 0 ? cost * b * b / (blocks * blocks) : cost * b / blocks);
          if (place < begin || place >= end) continue;
          forward.run(h, b * kQueries, min_of(kQueries, s.q_length - b * kQueries));
        }
      }
    }
  });
}

}  // namespace

void attention(const AttentionArgs& a) {
  if (a.heads == 0 || a.num_segments == 0) return;
  with_type(a.dtype, [&](auto type) { forward<decltype(type)>(a); });
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
