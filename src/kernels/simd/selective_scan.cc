// Mamba's selective scan: channels lie along vectors, and one vector of them walks through the rows with its states in the
// first cache. Going back, chunks of rows make their states again from those at their beginnings.
#include "kernels/simd/recurrence.h"
#include "kernels/simd/reduce.h"
#include "kernels/simd/tile.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

constexpr float kLog2E = 1.44269504088896341f;

/// -exp(a_log) of channels [c, ...), state after state; states beyond the last one have none.
template <typename Width>
void load_rates(const SelectiveScanArgs& a, int64_t c, Width w, int64_t states, float (*rates)[kLanes]) {
  float column[kLanes] = {};
  int64_t count = min_of(kLanes, a.channels - c);
  for (int64_t n = 0; n < a.state_size; ++n) {
    for (int64_t i = 0; i < count; ++i) column[i] = as<float>(a.a_log)[(c + i) * a.state_size + n];
    store(rates[n], zero() - exp(load(column, w)), Full{});
  }
  for (int64_t n = a.state_size; n < states; ++n) store(rates[n], zero(), Full{});
}

/// B and C of a row, widened.
template <typename T>
MALMOI_INLINE void widen_states(const T* from, int64_t n, float* to) {
  each_vec(n, [&](int64_t i, auto w) MALMOI_INLINED { store(to + i, load(from + i, w), w); });
}

/// The state of channels [c, ...) before a run.
template <typename Width>
MALMOI_INLINE void load_state(const SelectiveScanArgs& a, const StateRun& run, int64_t c, Width w, float (*h)[kLanes]) {
  for (int64_t n = 0; n < a.state_size; ++n) {
    store(h[n], run.state_in ? load(as<float>(run.state_in) + n * a.channels + c, w) : zero(), Full{});
  }
}

template <typename T, typename Width>
void forward_channels(const SelectiveScanArgs& a, const StateRun& run, int64_t c, Width w, float (*rates)[kLanes]) {
  float h[kMaxSelectiveStates][kLanes], b[kMaxSelectiveStates], to[kMaxSelectiveStates];
  load_state(a, run, c, w, h);
  Vec skip = a.d ? load(as<float>(a.d) + c, w) : zero();
  for (int64_t t = 0; t < run.length; ++t) {
    int64_t row = run.begin + t;
    widen_states(as<T>(a.b) + row * a.b_stride, a.state_size, b);
    widen_states(as<T>(a.c) + row * a.c_stride, a.state_size, to);
    Vec x = load(as<T>(a.x) + row * a.x_stride + c, w), dt = softplus(load(as<T>(a.dt) + row * a.dt_stride + c, w));
    Vec power = dt * all(kLog2E), input = dt * x, y = skip * x;
    for (int64_t n = 0; n < a.state_size; ++n) {
      Vec decay = exp2(load(rates[n], Full{}) * power);
      Vec state = fma(decay, load(h[n], Full{}), all(b[n]) * input);
      store(h[n], state, Full{});
      y = fma(all(to[n]), state, y);
    }
    store(as<T>(a.y) + row * a.y_stride + c, y, w);
  }
  if (!run.state_out) return;
  for (int64_t n = 0; n < a.state_size; ++n)
    store(as<float>(run.state_out) + n * a.channels + c, load(h[n], Full{}), w);
}

/// Calls body(c, Full{} or Part{}) for vectors [begin, end) of channels.
template <typename Body>
MALMOI_INLINE void each_channels(int64_t channels, int64_t begin, int64_t end, const Body& body) {
  for (int64_t i = begin; i < end; ++i) {
    int64_t c = i * kLanes, left = channels - c;
    if (left >= kLanes) {
      body(c, Full{});
    } else {
      body(c, Part{static_cast<int>(left)});
    }
  }
}

MALMOI_INLINE int64_t vectors_of(const SelectiveScanArgs& a) { return (a.channels + kLanes - 1) / kLanes; }

/// Workers of the backward pass: vectors of channels are shared out among them.
MALMOI_INLINE int64_t workers_of(const SelectiveScanArgs& a) { return max_of(1, min_of(num_threads(), vectors_of(a))); }

/// What a worker of the backward pass has.
struct Worker {
  int64_t states;            // of a channel, padded
  float *db_rows, *dc_rows;  // [rows][states]: sums over its channels
  float (*starts)[kLanes];   // states at the beginnings of chunks
  float (*slots)[kLanes];    // before each row of a chunk, and behind the last
  float (*decays)[kLanes];   // of each row
  float rates[kMaxSelectiveStates][kLanes];
  float drates[kMaxSelectiveStates][kLanes];
  float dstate[kMaxSelectiveStates][kLanes];  // of the state behind the row
  float dskip[kLanes];
};

void take_worker(const SelectiveScanArgs& a, void* memory, Worker& k) {
  Scratch scratch(memory);
  k.states = selective_states(a);
  k.db_rows = scratch.take<float>(selective_sums(a));
  k.dc_rows = k.db_rows + a.rows * k.states;
  auto take = [&](int64_t count) {
    return reinterpret_cast<float(*)[kLanes]>(scratch.take<float>(count * k.states * kLanes));
  };
  k.starts = take(recurrence_chunks(a.runs, a.num_runs));
  k.slots = take(kRecurrenceChunk + 1);
  k.decays = take(kRecurrenceChunk);
  __builtin_memset(k.db_rows, 0, sizeof(float) * static_cast<size_t>(selective_sums(a)));
}

/// States through rows [first, first + count) from h, row after row; with kKeep each in its slot, with its decay.
template <typename T, bool kKeep, typename Width>
void replay(const SelectiveScanArgs& a, Worker& k, int64_t first, int64_t count, int64_t c, Width w,
            float (*h)[kLanes]) {
  float b[kMaxSelectiveStates] = {};
  for (int64_t t = 0; t < count; ++t) {
    int64_t row = first + t;
    widen_states(as<T>(a.b) + row * a.b_stride, a.state_size, b);
    Vec x = load(as<T>(a.x) + row * a.x_stride + c, w), dt = softplus(load(as<T>(a.dt) + row * a.dt_stride + c, w));
    Vec power = dt * all(kLog2E), input = dt * x;
    float(*next)[kLanes] = kKeep ? h + k.states : h;
    for (int64_t n = 0; n < k.states; ++n) {
      Vec decay = exp2(load(k.rates[n], Full{}) * power);
      store(next[n], fma(decay, load(h[n], Full{}), all(b[n]) * input), Full{});
      if constexpr (kKeep) store(k.decays[t * k.states + n], decay, Full{});
    }
    h = next;
  }
}

/// Row t of the chunk, row `row` of all, backwards.
template <typename T, typename Width>
void retreat_row(const SelectiveScanBackwardArgs& s, Worker& k, int64_t t, int64_t row, int64_t c, Width w) {
  const SelectiveScanArgs& a = s.forward;
  float b[kMaxSelectiveStates] = {}, to[kMaxSelectiveStates] = {};
  widen_states(as<T>(a.b) + row * a.b_stride, a.state_size, b);
  widen_states(as<T>(a.c) + row * a.c_stride, a.state_size, to);
  Vec x = load(as<T>(a.x) + row * a.x_stride + c, w), raw = load(as<T>(a.dt) + row * a.dt_stride + c, w);
  Vec dt = softplus(raw), dy = load(as<T>(s.dy) + row * a.y_stride + c, w), input = dt * x;
  Vec by_input = zero(), by_rate = zero();
  float(*before)[kLanes] = k.slots + t * k.states;
  float(*after)[kLanes] = before + k.states;
  for (int64_t n = 0; n < k.states; n += kSelectiveGroup) {
    Vec sums[2 * kSelectiveGroup];
    each_index<kSelectiveGroup>([&](auto index) MALMOI_INLINED {
      int64_t m = n + index.value;
      Vec decay = load(k.decays[t * k.states + m], Full{});
      Vec g = fma(all(to[m]), dy, load(k.dstate[m], Full{}));
      sums[index.value] = g * input;
      sums[kSelectiveGroup + index.value] = load(after[m], Full{}) * dy;
      by_input = fma(all(b[m]), g, by_input);
      Vec kept = g * decay, dexponent = kept * load(before[m], Full{});
      by_rate = fma(dexponent, load(k.rates[m], Full{}), by_rate);
      store(k.drates[m], fma(dexponent, dt, load(k.drates[m], Full{})), Full{});
      store(k.dstate[m], kept, Full{});
    });
    float reduced[2 * kSelectiveGroup];
    reduce_sums<2 * kSelectiveGroup>(sums, reduced);
    for (int64_t i = 0; i < kSelectiveGroup; ++i) {
      k.db_rows[row * k.states + n + i] += reduced[i];
      k.dc_rows[row * k.states + n + i] += reduced[kSelectiveGroup + i];
    }
  }
  Vec skip = a.d ? load(as<float>(a.d) + c, w) : zero();
  T *dx = as<T>(s.dx) + row * s.dx_stride + c, *ddt = as<T>(s.ddt) + row * s.ddt_stride + c;
  store(dx, fma(skip, dy, fma(dt, by_input, s.accumulate ? load(dx, w) : zero())), w);
  store(ddt, fma(fma(x, by_input, by_rate), sigmoid(raw), s.accumulate ? load(ddt, w) : zero()), w);
  store(k.dskip, fma(dy, x, load(k.dskip, Full{})), Full{});
}

template <typename T, typename Width>
void backward_run(const SelectiveScanBackwardArgs& s, Worker& k, const StateRun& run, int64_t c, Width w) {
  const SelectiveScanArgs& a = s.forward;
  int64_t chunks = (run.length + kRecurrenceChunk - 1) / kRecurrenceChunk;
  size_t bytes = sizeof(float) * static_cast<size_t>(k.states * kLanes);
  if (chunks == 0) return;
  __builtin_memset(k.starts, 0, bytes);
  load_state(a, run, c, w, k.starts);
  for (int64_t i = 0; i + 1 < chunks; ++i) {
    float(*next)[kLanes] = k.starts + (i + 1) * k.states;
    __builtin_memcpy(next, next - k.states, bytes);
    replay<T, false>(a, k, run.begin + i * kRecurrenceChunk, kRecurrenceChunk, c, w, next);
  }
  __builtin_memset(k.dstate, 0, bytes);
  for (int64_t i = chunks - 1; i >= 0; --i) {
    int64_t first = i * kRecurrenceChunk, count = min_of(kRecurrenceChunk, run.length - first);
    __builtin_memcpy(k.slots, k.starts + i * k.states, bytes);
    replay<T, true>(a, k, run.begin + first, count, c, w, k.slots);
    for (int64_t t = count - 1; t >= 0; --t) retreat_row<T>(s, k, t, run.begin + first + t, c, w);
  }
}

template <typename T, typename Width>
void backward_channels(const SelectiveScanBackwardArgs& s, Worker& k, int64_t c, Width w) {
  const SelectiveScanArgs& a = s.forward;
  load_rates(a, c, w, k.states, k.rates);
  __builtin_memset(k.drates, 0, sizeof(float) * static_cast<size_t>(k.states * kLanes));
  __builtin_memset(k.dskip, 0, sizeof k.dskip);
  for (int64_t i = 0; i < a.num_runs; ++i) backward_run<T>(s, k, a.runs[i], c, w);
  int64_t count = min_of(kLanes, a.channels - c);
  for (int64_t i = 0; i < count; ++i) {
    if (s.dd) as<float>(s.dd)[c + i] += k.dskip[i];
    for (int64_t n = 0; s.da_log && n < a.state_size; ++n)  // -e^a_log is its own slope
      as<float>(s.da_log)[(c + i) * a.state_size + n] += k.drates[n][i] * k.rates[n][i];
  }
}

/// Row `row` of dB and dC: the sums of all workers, in their order.
template <typename T>
void add_workers(const SelectiveScanBackwardArgs& s, int64_t row) {
  const SelectiveScanArgs& a = s.forward;
  int64_t states = selective_states(a), workers = workers_of(a);
  T *db = as<T>(s.db) + row * s.db_stride, *dc = as<T>(s.dc) + row * s.dc_stride;
  each_vec(a.state_size, [&](int64_t n, auto w) MALMOI_INLINED {
    Vec db_sum = s.accumulate ? load(db + n, w) : zero(), dc_sum = s.accumulate ? load(dc + n, w) : zero();
    for (int64_t worker = 0; worker < workers; ++worker) {
      const float* from = as<float>(s.scratch) + worker * selective_words(a) + row * states + n;
      db_sum += load(from, w);
      dc_sum += load(from + a.rows * states, w);
    }
    store(db + n, db_sum, w);
    store(dc + n, dc_sum, w);
  });
}

template <typename T>
void forward(const SelectiveScanArgs& a) {
  int64_t vectors = vectors_of(a), rows = 0;
  for (int64_t i = 0; i < a.num_runs; ++i) rows += a.runs[i].length;
  parallel_for(vectors, row_grain(kLanes * rows * a.state_size), [&](int64_t begin, int64_t end) {
    each_channels(a.channels, begin, end, [&](int64_t c, auto w) {
      float rates[kMaxSelectiveStates][kLanes];
      load_rates(a, c, w, a.state_size, rates);
      for (int64_t i = 0; i < a.num_runs; ++i) forward_channels<T>(a, a.runs[i], c, w, rates);
    });
  });
}

template <typename T>
void backward(const SelectiveScanBackwardArgs& s) {
  const SelectiveScanArgs& a = s.forward;
  int64_t vectors = vectors_of(a), workers = workers_of(a);
  parallel_team(static_cast<int>(workers), [&](int worker) {
    Worker k;
    take_worker(a, as<Word>(s.scratch) + worker * selective_words(a), k);
    each_channels(a.channels, vectors * worker / workers, vectors * (worker + 1) / workers,
                  [&](int64_t c, auto w) { backward_channels<T>(s, k, c, w); });
  });
  for (int64_t i = 0; i < a.num_runs; ++i) {
    const StateRun& run = a.runs[i];
    parallel_for(run.length, row_grain(a.state_size), [&](int64_t begin, int64_t end) {
      for (int64_t t = begin; t < end; ++t) add_workers<T>(s, run.begin + t);
    });
  }
}

}  // namespace

void selective_scan(Stream&, const SelectiveScanArgs& a) {
  with_type(a.dtype, [&](auto type) { forward<decltype(type)>(a); });
}

void selective_scan_backward(Stream&, const SelectiveScanBackwardArgs& s) {
  with_type(s.forward.dtype, [&](auto type) { backward<decltype(type)>(s); });
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
