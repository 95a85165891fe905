// The gradient of the gated delta rule: states at the beginnings of chunks are kept while a head goes forward; then each chunk,
// from the last, is solved again and sends gradients back. Workers have key heads of their own, with all heads that read them.
#include "kernels/simd/delta_rule_common.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

struct Worker {
  DeltaChunk chunk;
  float *starts, *dstate;    // states at the beginnings of chunks; the gradient of the state after the chunk
  float *dy, *dd;            // [rows][values]; dd: the gradient of d, then that of v
  float* dread;              // [2 rows][values]: the gradients of what k, then q read
  float* d_columns;          // [values][kDeltaChunk]
  float* dread_columns;      // [values][kDeltaPairs]
  float* dscores;            // [rows][kDeltaChunk]: dy d^T, then by decays the gradient of q k^T
  float* writes;             // [rows][kDeltaChunk]: dd d^T, then by decays the gradient of k k^T, and its mirror image
  float* columns;            // [rows][kDeltaChunk]: a small matrix by columns
  float *dkq, *dkq_columns;  // [2 rows][keys], [keys][kDeltaPairs]
  float *dlast, *dtotal;     // of each row: the gradients of last_decays and total
  float *dbeta, *dlog;       // of beta, of the logarithm of alpha
  float *dk_rows, *dq_rows;  // [longest run][keys]: sums over the heads of a key head
};

Worker take_worker(const DeltaRuleArgs& a, void* memory) {
  Scratch scratch(memory);
  Worker k{};
  take_chunk(a, scratch, k.chunk);
  int64_t keys = k.chunk.keys, values = k.chunk.values;
  k.starts = scratch.take<float>(delta_chunks(a) * delta_state(a));
  k.dstate = scratch.take<float>(delta_state(a));
  k.dy = scratch.take<float>(kDeltaChunk * values);
  k.dd = scratch.take<float>(kDeltaChunk * values);
  k.dread = scratch.take<float>(kDeltaPairs * values);
  k.d_columns = scratch.take<float>(values * kDeltaChunk);
  k.dread_columns = scratch.take<float>(values * kDeltaPairs);
  k.dscores = scratch.take<float>(kDeltaChunk * kDeltaChunk);
  k.writes = scratch.take<float>(kDeltaChunk * kDeltaChunk);
  k.columns = scratch.take<float>(kDeltaChunk * kDeltaChunk);
  k.dkq = scratch.take<float>(kDeltaPairs * keys);
  k.dkq_columns = scratch.take<float>(keys * kDeltaPairs);
  k.dlast = scratch.take<float>(kDeltaChunk);
  k.dtotal = scratch.take<float>(kDeltaChunk);
  k.dbeta = scratch.take<float>(kDeltaChunk);
  k.dlog = scratch.take<float>(kDeltaChunk);
  k.dk_rows = scratch.take<float>(delta_longest(a) * keys);
  k.dq_rows = scratch.take<float>(delta_longest(a) * keys);
  return k;
}

/// dd = what the state after the chunk and y ask of d.
void ask_d(const DeltaRuleArgs& a, Worker& k) {
  const DeltaChunk& c = k.chunk;
  multiply_matrices({c.kq, c.keys, k.dstate, c.values, k.dd, c.values}, c.rows, a.key_dim, a.value_dim);
  for (int64_t j = 0; j < c.rows; ++j) {
    float* row = k.dd + j * c.values;
    k.dlast[j] = dot(row, c.d + j * c.values, a.value_dim);
    scale_row(row, c.last_decays()[j], row, lanes_of(a.value_dim));
  }
  transpose(c.q_scores(), kDeltaChunk, c.rows, c.rows, k.columns, kDeltaChunk);
  multiply_matrices({k.columns, kDeltaChunk, k.dy, c.values, k.dd, c.values, true}, c.rows, c.rows, a.value_dim);
}

/// Columns [p, p + N vectors) of dd: each row also asked the rows before it. `by`: [row][later row].
template <int N>
void solve_back(const DeltaChunk& c, const float* by, float* dd, int64_t p) {
  for (int64_t i = c.rows - 2; i >= 0; --i) {
    float* row = dd + i * c.values + p;
    Vec sums[N];
    each_index<N>([&](auto v) MALMOI_INLINED { sums[v.value] = load(row + v.value * kLanes, Full{}); });
    for (int64_t j = i + 1; j < c.rows; ++j) {
      const float* later = dd + j * c.values + p;
      Vec factor = all(by[i * kDeltaChunk + j]);
      each_index<N>([&](auto v) MALMOI_INLINED {
        sums[v.value] = fnma(factor, load(later + v.value * kLanes, Full{}), sums[v.value]);
      });
    }
    each_index<N>([&](auto v) MALMOI_INLINED { store(row + v.value * kLanes, sums[v.value], Full{}); });
  }
}

void solve_back(const DeltaRuleArgs& a, Worker& k) {
  const DeltaChunk& c = k.chunk;
  transpose(c.scores, kDeltaChunk, c.rows, c.rows, k.columns, kDeltaChunk);
  for (int64_t i = 0; i < c.rows; ++i) {
    for (int64_t j = i + 1; j < c.rows; ++j) k.columns[i * kDeltaChunk + j] *= c.beta[j];
  }
  int64_t p = 0, columns = lanes_of(a.value_dim);
  for (; p + kSolveVecs * kLanes <= columns; p += kSolveVecs * kLanes) solve_back<kSolveVecs>(c, k.columns, k.dd, p);
  for (; p < columns; p += kLanes) solve_back<1>(c, k.columns, k.dd, p);
}

/// The gradients of beta; dd becomes the gradient of v, and dread and dtotal follow from it. `v`: what v was.
template <typename T>
void ask_rows(const DeltaRuleArgs& a, Worker& k, int64_t head, int64_t first) {
  const DeltaChunk& c = k.chunk;
  int64_t columns = lanes_of(a.value_dim);
  for (int64_t i = 0; i < c.rows; ++i) {
    const T* v = as<T>(a.v) + (first + i) * a.v_stride + head * a.value_dim;
    const float *k_read = c.read + i * c.values, *q_read = c.q_read() + i * c.values, *dy = k.dy + i * c.values;
    float* dd = k.dd + i * c.values;
    Vec error = zero(), total = all(c.total[i]);
    each_vec(a.value_dim, [&](int64_t j, auto w) MALMOI_INLINED {
      error = fma(load(dd + j, w), fnma(total, load(k_read + j, w), load(v + j, w)), error);
    });
    k.dbeta[i] = reduce_add(error) - dot(c.scores + i * kDeltaChunk, k.writes + i * kDeltaChunk, i);
    scale_row(dd, c.beta[i], dd, columns);
    scale_row(dd, -c.total[i], k.dread + i * c.values, columns);
    scale_row(dy, c.total[i], k.dread + (c.rows + i) * c.values, columns);
    k.dtotal[i] = dot(dy, q_read, a.value_dim) - dot(dd, k_read, a.value_dim);
  }
}

/// dlog from the gradients of all products of decays. The decay of row l is in those of (i, j) with j < l <= i: what changes
/// from l to l + 1 are a row and a column. In f64, in which the same numbers added and taken away leave nothing.
void ask_decays(Worker& k, float dlast_total) {
  const DeltaChunk& c = k.chunk;
  double rows[kDeltaChunk] = {}, columns[kDeltaChunk] = {}, totals[kDeltaChunk];
  for (int64_t i = 0; i < c.rows; ++i) {
    for (int64_t j = 0; j < i; ++j) {
      int64_t at = i * kDeltaChunk + j;
      float e = k.dscores[at] * c.q_scores()[at] - c.beta[i] * k.writes[at] * c.scores[at];
      if (i == c.rows - 1) e += k.dlast[j] * c.last_decays()[j];
      rows[i] += static_cast<double>(e);
      columns[j] += static_cast<double>(e);
    }
    float dtotal = k.dtotal[i] + (i == c.rows - 1 ? dlast_total : 0.0f);
    totals[i] = static_cast<double>(dtotal * c.total[i]);
  }
  double between = 0, after = 0;
  for (int64_t i = 0; i < c.rows; ++i) after += totals[i];
  for (int64_t l = 0; l < c.rows; ++l) {
    k.dlog[l] = static_cast<float>(between + after);
    between += columns[l] - rows[l];
    after -= totals[l];
  }
}

/// dkq = the gradients of k and q, from scores, from what they read, and of k from what it writes.
void ask_keys(const DeltaRuleArgs& a, Worker& k, const float* start) {
  const DeltaChunk& c = k.chunk;
  for (int64_t i = 0; i < c.rows; ++i) {
    for (int64_t j = 0; j <= i; ++j) {
      int64_t at = i * kDeltaChunk + j;
      k.dscores[at] *= c.decays[at];
      k.writes[at] *= -c.beta[i] * c.decays[at];
    }
    k.writes[i * kDeltaChunk + i] = 0;
    for (int64_t j = i + 1; j < c.rows; ++j) k.dscores[i * kDeltaChunk + j] = 0;
    for (int64_t j = 0; j < i; ++j) k.writes[j * kDeltaChunk + i] = k.writes[i * kDeltaChunk + j];
  }
  const float *keys = c.kq, *queries = c.kq + c.rows * c.keys;
  float *dkeys = k.dkq, *dqueries = k.dkq + c.rows * c.keys;
  multiply_matrices({k.dscores, kDeltaChunk, keys, c.keys, dqueries, c.keys}, c.rows, c.rows, a.key_dim);
  multiply_matrices({k.writes, kDeltaChunk, keys, c.keys, dkeys, c.keys}, c.rows, c.rows, a.key_dim);
  transpose(k.dscores, kDeltaChunk, c.rows, c.rows, k.columns, kDeltaChunk);
  multiply_matrices({k.columns, kDeltaChunk, queries, c.keys, dkeys, c.keys, true}, c.rows, c.rows, a.key_dim);
  // By columns: the state times dread^T, its gradient times what was written.
  transpose(k.dread, c.values, 2 * c.rows, a.value_dim, k.dread_columns, kDeltaPairs);
  multiply_matrices({start, c.values, k.dread_columns, kDeltaPairs, k.dkq_columns, kDeltaPairs}, a.key_dim, a.value_dim,
                    2 * c.rows);
  for (int64_t j = 0; j < a.value_dim; ++j) {
    float* row = k.d_columns + j * kDeltaChunk;
    each_vec(c.rows, [&](int64_t i, auto w)
                         MALMOI_INLINED { store(row + i, load(row + i, w) * load(c.last_decays() + i, w), w); });
  }
  multiply_matrices({k.dstate, c.values, k.d_columns, kDeltaChunk, k.dkq_columns, kDeltaPairs, true}, a.key_dim,
                    a.value_dim, c.rows);
}

/// Adds the chunk's dkq to the sums of the run; `t`: the chunk's first row in it. k and q are used up.
void add_keys(const DeltaRuleArgs& a, Worker& k, int64_t t) {
  const DeltaChunk& c = k.chunk;
  transpose(k.dkq_columns, kDeltaPairs, a.key_dim, 2 * c.rows, c.kq, c.keys);
  for (int64_t i = 0; i < 2 * c.rows; ++i) {
    bool is_key = i < c.rows;
    float* sums = (is_key ? k.dk_rows : k.dq_rows) + (t + i % c.rows) * c.keys;
    const float *row = k.dkq + i * c.keys, *more = c.kq + i * c.keys;
    Vec scale = all(is_key ? a.key_scale : a.query_scale);
    each_vec(a.key_dim, [&](int64_t n, auto w) MALMOI_INLINED {
      store(sums + n, fma(scale, load(row + n, w) + load(more + n, w), load(sums + n, w)), w);
    });
  }
}

/// The gradient of the state after the chunk becomes that of the state before it.
void retreat_state(const DeltaRuleArgs& a, Worker& k) {
  const DeltaChunk& c = k.chunk;
  for (int64_t n = 0; n < a.key_dim; ++n)
    scale_row(k.dstate + n * c.values, c.total[c.rows - 1], k.dstate + n * c.values, lanes_of(a.value_dim));
  multiply_matrices({c.kq_columns, kDeltaPairs, k.dread, c.values, k.dstate, c.values, true}, a.key_dim, 2 * c.rows,
                    a.value_dim);
}

/// A head's sums over its rows: in f64, since there may be very many.
struct HeadSums {
  double da_log = 0, ddt_bias = 0;
};

template <typename T>
void store_rows(const DeltaRuleBackwardArgs& s, const Worker& k, int64_t head, int64_t first, HeadSums& sums) {
  const DeltaRuleArgs& a = s.forward;
  const DeltaChunk& c = k.chunk;
  for (int64_t i = 0; i < c.rows; ++i) {
    int64_t row = first + i;
    T* dv = as<T>(s.dv) + row * s.dv_stride + head * a.value_dim;
    const float* from = k.dd + i * c.values;
    each_vec(a.value_dim, [&](int64_t j, auto w) MALMOI_INLINED {
      Vec before = s.accumulate ? load(dv + j, w) : zero();
      store(dv + j, before + load(from + j, w), w);
    });
    Decay decay = decay_of<T>(a, row, head);
    float da = k.dlog[i] * decay.rate * decay.step.slope, db = k.dbeta[i] * c.beta[i] * (1.0f - c.beta[i]);
    T *da_at = as<T>(s.da) + row * s.da_stride + head, *db_at = as<T>(s.db) + row * s.db_stride + head;
    store(da_at, all(s.accumulate ? da + widen(*da_at) : da), Part{1});
    store(db_at, all(s.accumulate ? db + widen(*db_at) : db), Part{1});
    sums.ddt_bias += static_cast<double>(da);
    sums.da_log += static_cast<double>(k.dlog[i] * decay.rate * decay.step.value);
  }
}

template <typename T>
void retreat(const DeltaRuleBackwardArgs& s, Worker& k, int64_t head, int64_t first, int64_t t, const float* start,
             HeadSums& sums) {
  const DeltaRuleArgs& a = s.forward;
  DeltaChunk& c = k.chunk;
  solve_chunk(c, start, c.values, a.key_dim, a.value_dim);
  for (int64_t i = 0; i < c.rows; ++i)
    widen_row(as<T>(s.dy) + (first + i) * a.y_stride + head * a.value_dim, a.value_dim, 1.0f, k.dy + i * c.values,
              c.values);
  transpose(c.d, c.values, c.rows, a.value_dim, k.d_columns, kDeltaChunk);
  ask_d(a, k);
  solve_back(a, k);
  multiply_matrices({k.dy, c.values, k.d_columns, kDeltaChunk, k.dscores, kDeltaChunk}, c.rows, a.value_dim, c.rows);
  multiply_matrices({k.dd, c.values, k.d_columns, kDeltaChunk, k.writes, kDeltaChunk}, c.rows, a.value_dim, c.rows);
  ask_rows<T>(a, k, head, first);
  float dlast_total = 0;
  for (int64_t n = 0; n < a.key_dim; ++n)
    dlast_total += dot(k.dstate + n * c.values, start + n * c.values, a.value_dim);
  ask_decays(k, dlast_total);
  ask_keys(a, k, start);
  add_keys(a, k, t);
  retreat_state(a, k);
  store_rows<T>(s, k, head, first, sums);
}

template <typename T>
void backward_head(const DeltaRuleBackwardArgs& s, const StateRun& run, int64_t head, Worker& k) {
  const DeltaRuleArgs& a = s.forward;
  DeltaChunk& chunk = k.chunk;
  int64_t size = delta_state(a), chunks = (run.length + kDeltaChunk - 1) / kDeltaChunk;
  auto rows_of = [&](int64_t i) { return min_of(kDeltaChunk, run.length - i * kDeltaChunk); };
  if (chunks > 0) load_state(state_size_of(a), run, head, k.starts, padded_size_of(a));
  for (int64_t i = 0; i + 1 < chunks; ++i) {
    float* next = k.starts + (i + 1) * size;
    __builtin_memcpy(next, next - size, sizeof(float) * static_cast<size_t>(size));
    load_chunk<T>(a, head, run.begin + i * kDeltaChunk, rows_of(i), chunk);
    solve_chunk(chunk, next, chunk.values, a.key_dim, a.value_dim);
    write_chunk(chunk, next, chunk.values, a.key_dim, a.value_dim);
  }
  __builtin_memset(k.dstate, 0, sizeof(float) * static_cast<size_t>(size));
  HeadSums sums;
  for (int64_t i = chunks - 1; i >= 0; --i) {
    int64_t t = i * kDeltaChunk;
    load_chunk<T>(a, head, run.begin + t, rows_of(i), chunk);
    retreat<T>(s, k, head, run.begin + t, t, k.starts + i * size, sums);
  }
  if (s.da_log) as<float>(s.da_log)[head] += static_cast<float>(sums.da_log);
  if (s.ddt_bias) as<float>(s.ddt_bias)[head] += static_cast<float>(sums.ddt_bias);
}

/// All heads of one key head through a run.
template <typename T>
void backward_key_head(const DeltaRuleBackwardArgs& s, const StateRun& run, int64_t key_head, Worker& k) {
  const DeltaRuleArgs& a = s.forward;
  int64_t keys = k.chunk.keys, each = a.heads / a.key_heads, column = key_head * a.key_dim;
  __builtin_memset(k.dk_rows, 0, sizeof(float) * static_cast<size_t>(run.length * keys));
  __builtin_memset(k.dq_rows, 0, sizeof(float) * static_cast<size_t>(run.length * keys));
  for (int64_t head = key_head * each; head < (key_head + 1) * each; ++head) backward_head<T>(s, run, head, k);
  auto store_sums = [&](const float* rows, void* to, int64_t stride) {
    for (int64_t t = 0; t < run.length; ++t) {
      T* row = as<T>(to) + (run.begin + t) * stride + column;
      each_vec(a.key_dim, [&](int64_t n, auto w) MALMOI_INLINED {
        Vec before = s.accumulate ? load(row + n, w) : zero();
        store(row + n, before + load(rows + t * keys + n, w), w);
      });
    }
  };
  store_sums(k.dk_rows, s.dk, s.dk_stride);
  store_sums(k.dq_rows, s.dq, s.dq_stride);
}

template <typename T>
void backward(const DeltaRuleBackwardArgs& s) {
  const DeltaRuleArgs& a = s.forward;
  int workers = static_cast<int>(delta_workers(a));
  parallel_team(workers, [&](int w) {
    Worker worker = take_worker(a, as<Word>(s.scratch) + w * delta_backward_words(a));
    for (int64_t head = a.key_heads * w / workers; head < a.key_heads * (w + 1) / workers; ++head) {
      for (int64_t i = 0; i < a.num_runs; ++i) backward_key_head<T>(s, a.runs[i], head, worker);
    }
  });
}

}  // namespace

void delta_rule_backward(Stream&, const DeltaRuleBackwardArgs& s) {
  with_type(s.forward.dtype, [&](auto type) { backward<decltype(type)>(s); });
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
