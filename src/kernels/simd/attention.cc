// Attention, forward: which worker does which queries. Long segments go by heads and blocks of queries, those of a few
// queries by kv heads and parts of their keys.
#include "kernels/simd/attention_direct.h"
#include "kernels/simd/attention_packed.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

/// States of the parts of one query and head, if it has more than one: `states` are those of its segment.
MALMOI_INLINE float* states_of(const AttentionArgs& a, const AttentionSegment& s, int64_t parts, int64_t head,
                               int64_t query, float* states) {
  return states + (head * s.q_length + query) * parts * part_words(a);
}

/// One worker's walk over all segments in order.
template <typename T>
class ForwardWalk {
 public:
  ForwardWalk(const AttentionArgs& a, Share share, float* states, Word* memory)
      : a_(a), share_(share), states_(states), memory_(reinterpret_cast<float*>(memory)), packed_(a, memory) {}

  void run() {
    for (int64_t n = 0; n < a_.num_segments; ++n) {
      const AttentionSegment& s = a_.segments[n];
      if (s.q_length == 0) continue;
      is_direct(s) ? direct(s) : packed(s);
    }
  }

 private:
  /// (head, block of queries) in order: those whose running cost falls in the worker's share.
  void packed(const AttentionSegment& s) {
    constexpr int64_t kQueries = kForwardQueries;
    int64_t cost = head_cost(a_, s), blocks = (s.q_length + kQueries - 1) / kQueries, group = a_.heads / a_.kv_heads;
    bool triangle = a_.mask.causal && a_.mask.window <= 0 && a_.mask.chunk <= 0;
    for (int64_t h = 0; h < a_.heads; ++h, at_ += cost) {
      if (at_ + cost <= share_.begin || at_ >= share_.end) continue;
      if (h % group == 0 || at_ <= share_.begin) packed_.begin(s, h / group);
      for (int64_t b = 0; b < blocks; ++b) {
        int64_t place = at_ + (triangle ? cost * b * b / (blocks * blocks) : cost * b / blocks);
        if (!share_.holds(place)) continue;
        packed_.run(h, b * kQueries, min_of(kQueries, s.q_length - b * kQueries));
      }
    }
  }

  /// (kv head, part of the keys) in order: the heads of a group read a part while it is in the cache.
  void direct(const AttentionSegment& s) {
    Parts parts = parts_of(a_, s);
    int64_t group = a_.heads / a_.kv_heads, cost = group * head_cost(a_, s);
    for (int64_t g = 0; g < a_.kv_heads; ++g, at_ += cost) {
      for (int64_t part = 0; part < parts.count; ++part) {
        if (!share_.holds(at_ + cost * part / parts.count)) continue;
        for (int64_t h = g * group; h < (g + 1) * group; ++h) direct_part(s, parts, part, h);
      }
    }
    if (parts.count > 1) states_ += a_.heads * s.q_length * parts.count * part_words(a_);
  }

  void direct_part(const AttentionSegment& s, const Parts& parts, int64_t part, int64_t head) {
    int64_t words = part_words(a_);
    for (int64_t i = 0; i < s.q_length; ++i) {
      float* state = parts.count > 1 ? states_of(a_, s, parts.count, head, i, states_) + part * words : memory_;
      DirectPart<T>(a_, s, head, i, memory_ + words, state).run(parts.keys(part));
      if (parts.count == 1) merge_parts<T>(a_, s, head, i, state, 1);
    }
  }

  const AttentionArgs& a_;
  Share share_;
  float *states_, *memory_;  // of the next segment that has parts; the worker's own
  PackedForward<T> packed_;
  int64_t at_ = 0;
};

/// Rows whose parts several workers may have computed.
template <typename T>
void merge_all(const AttentionArgs& a, float* states) {
  for (int64_t n = 0; n < a.num_segments; ++n) {
    const AttentionSegment& s = a.segments[n];
    int64_t parts = is_direct(s) ? parts_of(a, s).count : 0;
    if (parts <= 1) continue;
    parallel_for(a.heads * s.q_length, row_grain(parts * a.value_dim), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        int64_t head = i / s.q_length, query = i % s.q_length;
        merge_parts<T>(a, s, head, query, states_of(a, s, parts, head, query, states), parts);
      }
    });
    states += a.heads * s.q_length * parts * part_words(a);
  }
}

template <typename T>
void forward(const AttentionArgs& a) {
  int64_t total = total_cost(a), words = forward_words(a), shared = all_parts_words(a);
  int workers = team_size(a);
  float* states = as<float>(a.scratch);
  parallel_team(workers, [&](int worker) {
    Word* memory = as<Word>(a.scratch) + shared + worker * words;
    ForwardWalk<T>(a, Share(total, worker, workers), states, memory).run();
  });
  if (shared > 0) merge_all<T>(a, states);
}

}  // namespace

void attention(Stream&, const AttentionArgs& a) {
  if (a.heads == 0 || a.num_segments == 0) return;
  with_type(a.dtype, [&](auto type) { forward<decltype(type)>(a); });
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
