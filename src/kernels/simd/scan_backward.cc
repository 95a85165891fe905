// The gradient of the state space scan: states at the beginnings of chunks are kept while a head goes forward; then each chunk,
// from the last, makes its states again tile by tile and sends gradients back through them. Workers have heads of their own
// and sums of their own for B and C, which heads share; these are added in the order of workers.
#include "kernels/simd/reduce.h"
#include "kernels/simd/scan_common.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

constexpr int kSums = 2 * kScanRows;  // a tile's part of a row of dC, then of dB

struct Worker {
  ScanChunk chunk;           // y holds dy
  float *dx, *db, *dc;       // of the chunk: d(dt x), dB and dC in rows like x and B
  float* lanes;              // [rows][kLanes]: the gradient of each row's decay, not yet summed over lanes
  float *starts, *dstate;    // states at the beginnings of chunks; the gradient of the state after the chunk
  float* tile;               // a tile's states through the chunk, beginning with that before it
  float *db_rows, *dc_rows;  // [rows, groups, scan_states]: the worker's sums
};

/// The tile's states through the chunk: slot 0 is that before it, slot t + 1 that after row t.
template <int V>
void replay_tile(const ScanChunk& chunk, const float* start, int64_t n, int64_t p, float* slots) {
  constexpr int64_t kSlot = kScanRows * V * kLanes;
  Vec h[kScanRows * V];
  each_index<kScanRows * V>([&](auto r) MALMOI_INLINED {
    h[r.value] = load(start + r.value / V * chunk.width + r.value % V * kLanes, Full{});
    store(slots + r.value * kLanes, h[r.value], Full{});
  });
  for (int64_t t = 0; t < chunk.rows; ++t) {
    const float *b = chunk.b + t * chunk.states + n, *x = chunk.x + t * chunk.width + p;
    Vec decay = all(chunk.decay[t]);
    float* slot = slots + (t + 1) * kSlot;
    each_index<kScanRows * V>([&](auto r) MALMOI_INLINED {
      Vec product = all(b[r.value / V]) * load(x + r.value % V * kLanes, Full{});
      h[r.value] = fma(decay, h[r.value], product);
      store(slot + r.value * kLanes, h[r.value], Full{});
    });
  }
}

/// One tile backwards through the chunk.
template <int V>
void retreat_tile(Worker& k, const float* start, float* dstate, int64_t n, int64_t p) {
  constexpr int64_t kSlot = kScanRows * V * kLanes;
  const ScanChunk& chunk = k.chunk;
  replay_tile<V>(chunk, start, n, p, k.tile);
  Vec g[kScanRows * V];
  each_index<kScanRows * V>([&](auto r) MALMOI_INLINED {
    g[r.value] = load(dstate + r.value / V * chunk.width + r.value % V * kLanes, Full{});
  });
  for (int64_t t = chunk.rows - 1; t >= 0; --t) {
    const float *b = chunk.b + t * chunk.states + n, *c = chunk.c + t * chunk.states + n;
    const float *x = chunk.x + t * chunk.width + p, *dy = chunk.y + t * chunk.width + p;
    const float *before = k.tile + t * kSlot, *after = before + kSlot;
    float *dx = k.dx + t * chunk.width + p, *lanes = k.lanes + t * kLanes;
    Vec decay = all(chunk.decay[t]), ddecay = load(lanes, Full{}), dxs[V], sums[kSums];
    each_index<V>([&](auto v) MALMOI_INLINED { dxs[v.value] = load(dx + v.value * kLanes, Full{}); });
    each_index<kScanRows>([&](auto i) MALMOI_INLINED {
      Vec from = all(b[i.value]), to = all(c[i.value]), dc = zero(), db = zero();
      each_index<V>([&](auto v) MALMOI_INLINED {
        constexpr int kAt = i.value * V + v.value;
        Vec dys = load(dy + v.value * kLanes, Full{});
        Vec s = fma(to, dys, g[kAt]);
        dc = fma(load(after + kAt * kLanes, Full{}), dys, dc);
        db = fma(s, load(x + v.value * kLanes, Full{}), db);
        dxs[v.value] = fma(s, from, dxs[v.value]);
        ddecay = fma(s, load(before + kAt * kLanes, Full{}), ddecay);
        g[kAt] = s * decay;
      });
      sums[i.value] = dc;
      sums[kScanRows + i.value] = db;
    });
    each_index<V>([&](auto v) MALMOI_INLINED { store(dx + v.value * kLanes, dxs[v.value], Full{}); });
    store(lanes, ddecay, Full{});
    float reduced[kSums];
    reduce_sums<kSums>(sums, reduced);
    for (int i = 0; i < kScanRows; ++i) {
      k.dc[t * chunk.states + n + i] += reduced[i];
      k.db[t * chunk.states + n + i] += reduced[kScanRows + i];
    }
  }
  each_index<kScanRows * V>([&](auto r) MALMOI_INLINED {
    store(dstate + r.value / V * chunk.width + r.value % V * kLanes, g[r.value], Full{});
  });
}

/// Gradients of the chunk's x, B, C and decays from dy and the gradient of the state after it, which becomes that before it.
void retreat(Worker& k, const float* start, int64_t head_dim, int64_t state_size) {
  const ScanChunk& chunk = k.chunk;
  auto clear = [](float* x, int64_t n) { __builtin_memset(x, 0, sizeof(float) * static_cast<size_t>(n)); };
  clear(k.dx, chunk.rows * chunk.width);
  clear(k.db, chunk.rows * chunk.states);
  clear(k.dc, chunk.rows * chunk.states);
  clear(k.lanes, chunk.rows * kLanes);
  int64_t columns = lanes_of(head_dim);
  for (int64_t n = 0; n < state_size; n += kScanRows) {
    int64_t row = n * chunk.width, p = 0;
    for (; p + kScanVecs * kLanes <= columns; p += kScanVecs * kLanes) {
      retreat_tile<kScanVecs>(k, start + row + p, k.dstate + row + p, n, p);
    }
    for (; p < columns; p += kLanes) retreat_tile<1>(k, start + row + p, k.dstate + row + p, n, p);
  }
}

/// A head's sums over its rows: in f64, since there may be very many.
struct HeadSums {
  double da_log = 0, dd = 0, ddt_bias = 0;
};

template <typename T>
void store_row(const SsdScanBackwardArgs& s, Worker& k, int64_t head, int64_t first, int64_t t, HeadSums& sums) {
  const SsdScanArgs& a = s.forward;
  const ScanChunk& chunk = k.chunk;
  int64_t row = first + t, column = head * a.head_dim, group = head / (a.heads / a.groups);
  const T* x = as<T>(a.x) + row * a.x_stride + column;
  const float *dxs = k.dx + t * chunk.width, *dys = chunk.y + t * chunk.width;
  T* dx = as<T>(s.dx) + row * s.dx_stride + column;
  Vec dt = all(chunk.dt[t]), skip = all(a.d ? as<float>(a.d)[head] : 0.0f), by_dt = zero(), by_skip = zero();
  each_vec(a.head_dim, [&](int64_t p, auto w) MALMOI_INLINED {
    Vec value = load(x + p, w), dy = load(dys + p, w), d = load(dxs + p, w);
    by_dt = fma(value, d, by_dt);
    by_skip = fma(value, dy, by_skip);
    store(dx + p, fma(skip, dy, fma(dt, d, s.accumulate ? load(dx + p, w) : zero())), w);
  });
  float dexponent = reduce_add(load(k.lanes + t * kLanes, Full{})) * chunk.decay[t];
  float rate = scan_rate(a, head), ddt = reduce_add(by_dt) + dexponent * rate;
  ddt *= step_size<T>(a, row, head).slope;
  T* to = as<T>(s.ddt) + row * s.ddt_stride + head;
  store(to, all(s.accumulate ? ddt + widen(*to) : ddt), Part{1});
  sums.ddt_bias += static_cast<double>(ddt);
  sums.da_log += static_cast<double>(dexponent * rate * chunk.dt[t]);
  sums.dd += static_cast<double>(reduce_add(by_skip));
  float *db = k.db_rows + (row * a.groups + group) * chunk.states, *dc = k.dc_rows + (db - k.db_rows);
  each_vec(a.state_size, [&](int64_t n, auto w) MALMOI_INLINED {
    store(db + n, load(db + n, w) + load(k.db + t * chunk.states + n, w), w);
    store(dc + n, load(dc + n, w) + load(k.dc + t * chunk.states + n, w), w);
  });
}

template <typename T>
void backward_head(const SsdScanBackwardArgs& s, const StateRun& run, int64_t head, Worker& k) {
  const SsdScanArgs& a = s.forward;
  ScanChunk& chunk = k.chunk;
  int64_t size = chunk.states * chunk.width, chunks = (run.length + kScanChunk - 1) / kScanChunk;
  auto rows_of = [&](int64_t i) { return min_of(kScanChunk, run.length - i * kScanChunk); };
  load_state(state_size_of(a), run, head, k.starts, padded_size_of(a));
  for (int64_t i = 0; i + 1 < chunks; ++i) {
    float* next = k.starts + (i + 1) * size;
    __builtin_memcpy(next, next - size, sizeof(float) * static_cast<size_t>(size));
    load_chunk<T>(a, head, run.begin + i * kScanChunk, rows_of(i), chunk);
    advance<false>(chunk, next, chunk.width, scan_round(a.state_size, kScanRows), lanes_of(a.head_dim));
  }
  __builtin_memset(k.dstate, 0, sizeof(float) * static_cast<size_t>(size));
  HeadSums sums;
  for (int64_t i = chunks - 1; i >= 0; --i) {
    int64_t first = run.begin + i * kScanChunk;
    load_chunk<T>(a, head, first, rows_of(i), chunk);
    for (int64_t t = 0; t < chunk.rows; ++t) {
      const T* dy = as<T>(s.dy) + (first + t) * a.y_stride + head * a.head_dim;
      widen_row(dy, a.head_dim, 1.0f, chunk.y + t * chunk.width, chunk.width);
    }
    retreat(k, k.starts + i * size, a.head_dim, a.state_size);
    for (int64_t t = 0; t < chunk.rows; ++t) store_row<T>(s, k, head, first, t, sums);
  }
  if (s.da_log) as<float>(s.da_log)[head] += static_cast<float>(sums.da_log);
  if (s.dd) as<float>(s.dd)[head] += static_cast<float>(sums.dd);
  if (s.ddt_bias) as<float>(s.ddt_bias)[head] += static_cast<float>(sums.ddt_bias);
}

/// A worker's memory; its sums come first, where add_workers finds them.
Worker take_worker(const SsdScanArgs& a, void* memory) {
  Scratch scratch(memory);
  Worker k{};
  int64_t shared = a.rows * a.groups * scan_states(a), state = scan_states(a) * scan_width(a);
  k.db_rows = scratch.take<float>(shared);
  k.dc_rows = scratch.take<float>(shared);
  take_chunk(a, scratch, kScanChunk, k.chunk);
  k.dx = scratch.take<float>(kScanChunk * k.chunk.width);
  k.db = scratch.take<float>(kScanChunk * k.chunk.states);
  k.dc = scratch.take<float>(kScanChunk * k.chunk.states);
  k.lanes = scratch.take<float>(kScanChunk * kLanes);
  k.dstate = scratch.take<float>(state);
  k.tile = scratch.take<float>((kScanChunk + 1) * kScanRows * kScanVecs * kLanes);
  k.starts = scratch.take<float>((scan_longest(a) + kScanChunk - 1) / kScanChunk * state);
  return k;
}

/// Row `row` of dB and dC: what the workers that have heads of the group found.
template <typename T>
void add_workers(const SsdScanBackwardArgs& s, int64_t row, int64_t words) {
  const SsdScanArgs& a = s.forward;
  int64_t workers = scan_workers(a), states = scan_states(a), heads = a.heads / a.groups;
  int64_t dc = round_up_words(a.rows * a.groups * states);
  for (int64_t group = 0; group < a.groups; ++group) {
    T* db_to = as<T>(s.db) + row * s.db_stride + group * a.state_size;
    T* dc_to = as<T>(s.dc) + row * s.dc_stride + group * a.state_size;
    each_vec(a.state_size, [&](int64_t n, auto w) MALMOI_INLINED {
      Vec db_sum = s.accumulate ? load(db_to + n, w) : zero(), dc_sum = s.accumulate ? load(dc_to + n, w) : zero();
      for (int64_t worker = 0; worker < workers; ++worker) {
        int64_t first = a.heads * worker / workers, last = a.heads * (worker + 1) / workers;
        if (last <= group * heads || first >= (group + 1) * heads) continue;
        const float* from = as<float>(s.scratch) + worker * words + (row * a.groups + group) * states + n;
        db_sum += load(from, w);
        dc_sum += load(from + dc, w);
      }
      store(db_to + n, db_sum, w);
      store(dc_to + n, dc_sum, w);
    });
  }
}

template <typename T>
void scan_backward(const SsdScanBackwardArgs& s) {
  const SsdScanArgs& a = s.forward;
  int64_t words = scan_backward_words(a), workers = scan_workers(a);
  parallel_team(static_cast<int>(workers), [&](int w) {
    Worker k = take_worker(a, as<Word>(s.scratch) + w * words);
    int64_t sums = 2 * round_up_words(a.rows * a.groups * k.chunk.states);
    __builtin_memset(k.db_rows, 0, sizeof(float) * static_cast<size_t>(sums));
    for (int64_t head = a.heads * w / workers; head < a.heads * (w + 1) / workers; ++head) {
      for (int64_t i = 0; i < a.num_runs; ++i) {
        if (a.runs[i].length > 0) backward_head<T>(s, a.runs[i], head, k);
      }
    }
  });
  for (int64_t i = 0; i < a.num_runs; ++i) {
    const StateRun& run = a.runs[i];
    parallel_for(run.length, row_grain(a.groups * a.state_size), [&](int64_t begin, int64_t end) {
      for (int64_t t = begin; t < end; ++t) add_workers<T>(s, run.begin + t, words);
    });
  }
}

}  // namespace

void ssd_scan_backward(Stream&, const SsdScanBackwardArgs& s) {
  with_type(s.forward.dtype, [&](auto type) { scan_backward<decltype(type)>(s); });
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
