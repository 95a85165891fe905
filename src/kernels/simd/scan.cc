// The state space scan: heads of runs are shared out among threads; a state that fits whole tiles is updated where it lies, so
// that a decoded token reads and writes it once.
#include "kernels/simd/scan_common.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

/// What a worker has: a chunk, and a state for runs whose own does not fit tiles or is not wanted.
struct Worker {
  ScanChunk chunk;
  float* state;
};

/// Where the run's state is kept meanwhile.
struct State {
  float* data;
  int64_t ld, rows;
};

State open_state(const SsdScanArgs& a, const ScanRun& run, int64_t head, float* own) {
  if (!run.state_out || a.head_dim % kLanes != 0 || a.state_size % kScanRows != 0) {
    load_state(a, run, head, own);
    return {own, scan_width(a), scan_round(a.state_size, kScanRows)};
  }
  int64_t size = a.state_size * a.head_dim;
  float* out = as<float>(run.state_out) + head * size;
  size_t bytes = sizeof(float) * static_cast<size_t>(size);
  if (!run.state_in) {
    __builtin_memset(out, 0, bytes);
  } else if (run.state_in != run.state_out) {
    __builtin_memcpy(out, as<float>(run.state_in) + head * size, bytes);
  }
  return {out, a.head_dim, a.state_size};
}

void close_state(const SsdScanArgs& a, const ScanRun& run, int64_t head, const State& state, const float* own) {
  if (!run.state_out || state.data != own) return;
  copy_state(a, own, state.ld, as<float>(run.state_out) + head * a.state_size * a.head_dim, a.head_dim);
}

template <typename T>
void scan_head(const SsdScanArgs& a, const ScanRun& run, int64_t head, Worker& worker) {
  State state = open_state(a, run, head, worker.state);
  ScanChunk& chunk = worker.chunk;
  float skip = a.d ? as<float>(a.d)[head] : 0.0f;
  int64_t column = head * a.head_dim;
  for (int64_t t = 0; t < run.length; t += kScanChunk) {
    int64_t first = run.begin + t, count = min_of(kScanChunk, run.length - t);
    load_chunk<T>(a, head, first, count, chunk);
    for (int64_t i = 0; i < count; ++i) {
      widen_row(as<T>(a.x) + (first + i) * a.x_stride + column, a.head_dim, skip, chunk.y + i * chunk.width,
                chunk.width);
    }
    advance<true>(chunk, state.data, state.ld, state.rows, lanes_of(a.head_dim));
    for (int64_t i = 0; i < count; ++i) {
      T* y = as<T>(a.y) + (first + i) * a.y_stride + column;
      const float* from = chunk.y + i * chunk.width;
      each_vec(a.head_dim, [&](int64_t p, auto w) MALMOI_INLINED { store(y + p, load(from + p, w), w); });
    }
  }
  close_state(a, run, head, state, worker.state);
}

template <typename T>
void scan(const SsdScanArgs& a) {
  int64_t tasks = a.num_runs * a.heads, grain = row_grain(a.state_size * a.head_dim);
  int workers = static_cast<int>(max_of(1, min_of(num_threads(), tasks / grain)));
  int64_t rows = min_of(kScanChunk, scan_longest(a)), words = scan_words(a);
  parallel_team(workers, [&](int w) {
    Scratch scratch(as<Word>(a.scratch) + w * words);
    Worker worker;
    take_chunk(a, scratch, rows, worker.chunk);
    worker.state = scratch.take<float>(scan_states(a) * scan_width(a));
    for (int64_t i = tasks * w / workers; i < tasks * (w + 1) / workers; ++i) {
      scan_head<T>(a, a.runs[i / a.heads], i % a.heads, worker);
    }
  });
}

}  // namespace

void ssd_scan(Stream&, const SsdScanArgs& a) {
  with_type(a.dtype, [&](auto type) { scan<decltype(type)>(a); });
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
