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

template <typename T>
void scan_head(const SsdScanArgs& a, const StateRun& run, int64_t head, Worker& worker) {
  bool fits = a.head_dim % kLanes == 0 && a.state_size % kScanRows == 0;
  OpenState state = open_state(state_size_of(a), run, head, fits, worker.state, padded_size_of(a));
  int64_t rows = scan_round(a.state_size, kScanRows);
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
    advance<true>(chunk, state.data, state.ld, rows, lanes_of(a.head_dim));
    for (int64_t i = 0; i < count; ++i) {
      T* y = as<T>(a.y) + (first + i) * a.y_stride + column;
      const float* from = chunk.y + i * chunk.width;
      each_vec(a.head_dim, [&](int64_t p, auto w) MALMOI_INLINED { store(y + p, load(from + p, w), w); });
    }
  }
  close_state(state_size_of(a), run, head, state, worker.state);
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
