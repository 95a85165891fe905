// Causal convolution: channels lie along vectors; a block of them walks through the rows with its weights in the first cache,
// so sums over rows are in the order of rows whatever the number of threads.
#include "kernels/simd/common.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

constexpr int64_t kChannels = 64;  // of a block: whole cache lines of bf16 and f32

/// Channels [first, first + n), with what they are multiplied by, tap after tap.
struct Block {
  int64_t first = 0, n = 0;
  float weight[kMaxConvTaps][kChannels];
  float bias[kChannels];
};

void load_block(const CausalConvArgs& a, int64_t index, Block& block) {
  block.first = index * kChannels;
  block.n = min_of(kChannels, a.channels - block.first);
  for (int64_t c = 0; c < block.n; ++c) {
    const float* weight = as<float>(a.weight) + (block.first + c) * a.taps;
    for (int64_t j = 0; j < a.taps; ++j) block.weight[j][c] = weight[j];
    block.bias[c] = a.bias ? as<float>(a.bias)[block.first + c] : 0.0f;
  }
}

/// Channels [c, ...) of row t of a run; t < 0 is before it.
template <typename T, typename Width>
MALMOI_INLINE Vec input(const CausalConvArgs& a, const StateRun& run, int64_t t, int64_t c, Width w) {
  if (t >= 0) return load(as<T>(a.x) + (run.begin + t) * a.x_stride + c, w);
  return run.state_in ? load(as<float>(run.state_in) + (a.taps - 1 + t) * a.channels + c, w) : zero();
}

template <typename T, typename Width>
MALMOI_INLINE Vec tap_sum(const CausalConvArgs& a, const StateRun& run, const Block& block, int64_t t, int64_t i,
                          Width w) {
  Vec sum = load(block.bias + i, w);
  for (int64_t j = 0; j < a.taps; ++j) {
    sum = fma(load(block.weight[j] + i, w), input<T>(a, run, t - (a.taps - 1) + j, block.first + i, w), sum);
  }
  return sum;
}

template <typename T>
void forward_block(const CausalConvArgs& a, const StateRun& run, const Block& block) {
  bool silu = a.activation == Activation::kSilu;
  for (int64_t t = 0; t < run.length; ++t) {
    T* y = as<T>(a.y) + (run.begin + t) * a.y_stride + block.first;
    each_vec(block.n, [&](int64_t i, auto w) MALMOI_INLINED {
      Vec v = tap_sum<T>(a, run, block, t, i, w);
      store(y + i, silu ? v * sigmoid(v) : v, w);
    });
  }
  if (!run.state_out) return;
  for (int64_t k = 0; k < a.taps - 1; ++k) {  // upwards: state_out may be state_in, whose later rows are read
    float* state = as<float>(run.state_out) + k * a.channels + block.first;
    each_vec(block.n, [&](int64_t i, auto w) MALMOI_INLINED {
      store(state + i, input<T>(a, run, run.length - (a.taps - 1) + k, block.first + i, w), w);
    });
  }
}

/// A block's sums over all rows.
struct BlockSums {
  float dweight[kMaxConvTaps][kChannels] = {};
  float dbias[kChannels] = {};
};

/// The gradient g of the sum of taps at row t, as it reaches weights and bias.
template <typename T>
void gradient_row(const CausalConvBackwardArgs& b, const StateRun& run, const Block& block, int64_t t, float* g,
                  BlockSums& sums) {
  const CausalConvArgs& a = b.forward;
  const T* dy = as<T>(b.dy) + (run.begin + t) * a.y_stride + block.first;
  each_vec(block.n, [&](int64_t i, auto w) MALMOI_INLINED {
    Vec d = load(dy + i, w);
    if (a.activation == Activation::kSilu) {
      Vec v = tap_sum<T>(a, run, block, t, i, w), s = sigmoid(v);
      d *= s * fma(v, all(1.0f) - s, all(1.0f));
    }
    store(g + i, d, w);
    store(sums.dbias + i, load(sums.dbias + i, w) + d, w);
    for (int64_t j = 0; j < a.taps; ++j) {
      Vec x = input<T>(a, run, t - (a.taps - 1) + j, block.first + i, w);
      store(sums.dweight[j] + i, fma(d, x, load(sums.dweight[j] + i, w)), w);
    }
  });
}

/// A row's dx is ready when the last row that it reaches has been seen: the last gradients are kept, one for each tap.
template <typename T>
void backward_block(const CausalConvBackwardArgs& b, const StateRun& run, const Block& block, BlockSums& sums) {
  const CausalConvArgs& a = b.forward;
  float kept[kMaxConvTaps][kChannels] = {};
  for (int64_t t = 0; t < run.length + a.taps - 1; ++t) {
    float* g = kept[t % a.taps];
    if (t < run.length) {
      gradient_row<T>(b, run, block, t, g, sums);
    } else {
      __builtin_memset(g, 0, sizeof kept[0]);
    }
    int64_t row = t - (a.taps - 1);
    if (row < 0) continue;
    T* dx = as<T>(b.dx) + (run.begin + row) * b.dx_stride + block.first;
    each_vec(block.n, [&](int64_t i, auto w) MALMOI_INLINED {
      Vec sum = b.accumulate ? load(dx + i, w) : zero();
      for (int64_t j = 0; j < a.taps; ++j) {
        sum = fma(load(block.weight[j] + i, w), load(kept[(t - j) % a.taps] + i, w), sum);
      }
      store(dx + i, sum, w);
    });
  }
}

void add_sums(const CausalConvBackwardArgs& b, const Block& block, const BlockSums& sums) {
  int64_t taps = b.forward.taps;
  for (int64_t c = 0; c < block.n; ++c) {
    float* dweight = b.dweight ? as<float>(b.dweight) + (block.first + c) * taps : nullptr;
    for (int64_t j = 0; dweight && j < taps; ++j) dweight[j] += sums.dweight[j][c];
    if (b.dbias) as<float>(b.dbias)[block.first + c] += sums.dbias[c];
  }
}

/// Calls body(block) for every block of channels.
template <typename Body>
MALMOI_INLINE void each_block(const CausalConvArgs& a, const Body& body) {
  int64_t rows = 0;
  for (int64_t i = 0; i < a.num_runs; ++i) rows += a.runs[i].length;
  int64_t grain = row_grain(kChannels * rows * a.taps);
  parallel_for((a.channels + kChannels - 1) / kChannels, grain, [&](int64_t begin, int64_t end) {
    Block block;
    for (int64_t i = begin; i < end; ++i) {
      load_block(a, i, block);
      body(block);
    }
  });
}

}  // namespace

void causal_conv(Stream&, const CausalConvArgs& a) {
  with_type(a.dtype, [&](auto type) {
    each_block(a, [&](const Block& block) {
      for (int64_t i = 0; i < a.num_runs; ++i) forward_block<decltype(type)>(a, a.runs[i], block);
    });
  });
}

void causal_conv_backward(Stream&, const CausalConvBackwardArgs& b) {
  const CausalConvArgs& a = b.forward;
  with_type(a.dtype, [&](auto type) {
    each_block(a, [&](const Block& block) {
      BlockSums sums;
      for (int64_t i = 0; i < a.num_runs; ++i) backward_block<decltype(type)>(b, a.runs[i], block, sums);
      add_sums(b, block, sums);
    });
  });
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
