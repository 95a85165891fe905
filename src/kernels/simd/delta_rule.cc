// The gated delta rule: heads of runs are shared out among threads. Several rows go by chunks; one row, as decoding has it,
// reads and writes the state once, some columns at a time.
#include "kernels/simd/delta_rule_common.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

constexpr int kStepVecs = kLanes == 16 ? 4 : 2;  // of columns: what is read for k and for q is in registers

/// What a worker has: a chunk, and a state for runs whose own does not fit or is not wanted.
struct Worker {
  DeltaChunk chunk;
  float* state;
};

/// One row; its y takes the place of what q reads.
template <int N>
void step_columns(const DeltaChunk& c, float* state, int64_t ld, int64_t key_dim, float product, int64_t p) {
  const float *k = c.kq, *q = c.kq + c.keys;
  Vec by_k[N], by_q[N], alpha = all(c.alpha[0]), beta = all(c.beta[0]);
  each_index<N>([&](auto v) MALMOI_INLINED {
    by_k[v.value] = zero();
    by_q[v.value] = zero();
  });
  for (int64_t n = 0; n < key_dim; ++n) {
    const float* row = state + n * ld + p;
    Vec ks = all(k[n]), qs = all(q[n]);
    each_index<N>([&](auto v) MALMOI_INLINED {
      Vec s = load(row + v.value * kLanes, Full{});
      by_k[v.value] = fma(ks, s, by_k[v.value]);
      by_q[v.value] = fma(qs, s, by_q[v.value]);
    });
  }
  Vec d[N];
  each_index<N>([&](auto v) MALMOI_INLINED {
    int64_t at = p + v.value * kLanes;
    d[v.value] = beta * fnma(alpha, by_k[v.value], load(c.d + at, Full{}));
    store(c.q_read() + at, fma(all(product), d[v.value], alpha * by_q[v.value]), Full{});
  });
  for (int64_t n = 0; n < key_dim; ++n) {
    float* row = state + n * ld + p;
    Vec ks = all(k[n]);
    each_index<N>([&](auto v) MALMOI_INLINED {
      float* at = row + v.value * kLanes;
      store(at, fma(ks, d[v.value], alpha * load(at, Full{})), Full{});
    });
  }
}

void step(const DeltaChunk& c, float* state, int64_t ld, int64_t key_dim, int64_t value_dim) {
  float product = dot(c.kq, c.kq + c.keys, key_dim);
  int64_t p = 0, columns = lanes_of(value_dim);
  for (; p + kStepVecs * kLanes <= columns; p += kStepVecs * kLanes)
    step_columns<kStepVecs>(c, state, ld, key_dim, product, p);
  for (; p < columns; p += kLanes) step_columns<1>(c, state, ld, key_dim, product, p);
}

/// y = total S^T q + the decayed products of q with k, times their d: in the place of what q reads.
void answer(const DeltaChunk& c, int64_t value_dim) {
  int64_t columns = lanes_of(value_dim);
  for (int64_t i = 0; i < c.rows; ++i)
    scale_row(c.q_read() + i * c.values, c.total[i], c.q_read() + i * c.values, columns);
  multiply_matrices({c.q_scores(), kDeltaChunk, c.d, c.values, c.q_read(), c.values, true}, c.rows, c.rows, value_dim);
}

template <typename T>
void rule_head(const DeltaRuleArgs& a, const StateRun& run, int64_t head, Worker& worker) {
  bool fits = a.value_dim % kLanes == 0;
  OpenState state = open_state(state_size_of(a), run, head, fits, worker.state, padded_size_of(a));
  DeltaChunk& chunk = worker.chunk;
  for (int64_t t = 0; t < run.length; t += kDeltaChunk) {
    int64_t first = run.begin + t, count = min_of(kDeltaChunk, run.length - t);
    load_chunk<T>(a, head, first, count, chunk);
    if (count == 1) {
      step(chunk, state.data, state.ld, a.key_dim, a.value_dim);
    } else {
      solve_chunk(chunk, state.data, state.ld, a.key_dim, a.value_dim);
      answer(chunk, a.value_dim);
      write_chunk(chunk, state.data, state.ld, a.key_dim, a.value_dim);
    }
    for (int64_t i = 0; i < count; ++i) {
      T* y = as<T>(a.y) + (first + i) * a.y_stride + head * a.value_dim;
      const float* from = chunk.q_read() + i * chunk.values;
      each_vec(a.value_dim, [&](int64_t j, auto w) MALMOI_INLINED { store(y + j, load(from + j, w), w); });
    }
  }
  close_state(state_size_of(a), run, head, state, worker.state);
}

template <typename T>
void rule(const DeltaRuleArgs& a) {
  int64_t tasks = a.num_runs * a.heads, grain = row_grain(a.key_dim * a.value_dim);
  int workers = static_cast<int>(max_of(1, min_of(num_threads(), tasks / grain)));
  parallel_team(workers, [&](int w) {
    Scratch scratch(as<Word>(a.scratch) + w * delta_words(a));
    Worker worker;
    take_chunk(a, scratch, worker.chunk);
    worker.state = scratch.take<float>(delta_state(a));
    for (int64_t i = tasks * w / workers; i < tasks * (w + 1) / workers; ++i) {
      rule_head<T>(a, a.runs[i / a.heads], i % a.heads, worker);
    }
  });
}

}  // namespace

void delta_rule(Stream&, const DeltaRuleArgs& a) {
  with_type(a.dtype, [&](auto type) { rule<decltype(type)>(a); });
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
