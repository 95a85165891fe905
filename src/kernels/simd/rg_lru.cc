// Griffin's gated linear recurrence: a block of channels walks through the rows with its state in the first cache.
#include "kernels/simd/recurrence.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

/// -8 softplus(param): the logarithm of the decay where the gate is open.
BlockValues load_rates(const RgLruArgs& a, const Block& block) {
  BlockValues rates = block_values(a.param, block);
  for (int64_t i = 0; i < kRecurrenceBlock; i += kLanes)
    store(rates.at + i, softplus(load(rates.at + i, Full{})) * all(-kRgLruPower), Full{});
  return rates;
}

/// What a row makes of its gates; see the oracle.
struct Gates {
  Vec input, recurrent, decay, root;
};

template <typename T, typename Width>
MALMOI_INLINE Gates gates_of(const RgLruArgs& a, int64_t at, bool begins, Vec rate, Width w) {
  Vec input = sigmoid(load(as<T>(a.input_gate) + at, w)), recurrent = sigmoid(load(as<T>(a.recurrent_gate) + at, w));
  if (begins) return {input, recurrent, zero(), all(1.0f)};
  Vec log_decay = rate * recurrent;
  return {input, recurrent, exp(log_decay), sqrt(one_minus_exp(log_decay + log_decay))};
}

template <typename T>
void forward_block(const RgLruArgs& a, const StateRun& run, const Block& block, const BlockValues& rates) {
  BlockValues state = block_values(run.state_in, block);
  for (int64_t row = run.begin; row < run.begin + run.length; ++row) {
    int64_t first = row * a.channels + block.first;
    bool begins = a.positions[row] == 0;
    each_vec(block.n, [&](int64_t i, auto w) MALMOI_INLINED {
      Gates g = gates_of<T>(a, first + i, begins, load(rates.at + i, w), w);
      Vec x = load(as<T>(a.x) + first + i, w), h = fma(g.decay, load(state.at + i, w), g.root * g.input * x);
      store(as<T>(a.y) + first + i, h, w);
      store(state.at + i, h, w);
    });
  }
  if (!run.state_out) return;
  __builtin_memcpy(as<float>(run.state_out) + block.first, state.at, sizeof(float) * static_cast<size_t>(block.n));
}

/// A block's gradients: of the state behind the row, and of what is multiplied by the rate.
struct Gradients {
  BlockValues carry, rate;
};

template <typename T>
MALMOI_INLINE void retreat_row(const RgLruBackwardArgs& b, const StateRun& run, const Block& block,
                               const BlockValues& rates, int64_t row, Gradients& g) {
  const RgLruArgs& a = b.forward;
  int64_t first = row * a.channels + block.first;
  bool begins = a.positions[row] == 0;
  each_vec(block.n, [&](int64_t i, auto w) MALMOI_INLINED {
    Vec rate = load(rates.at + i, w), before = zero(), one = all(1.0f);
    if (row > run.begin) before = load(as<T>(a.y) + first + i - a.channels, w);
    else if (run.state_in) before = load(as<float>(run.state_in) + block.first + i, w);
    Gates v = gates_of<T>(a, first + i, begins, rate, w);
    Vec x = load(as<T>(a.x) + first + i, w), dh = load(as<T>(b.dy) + first + i, w) + load(g.carry.at + i, w);
    Vec gated = dh * v.input, dlog = zero();
    if (!begins) {
      Vec slope = min(all(0.5f) / v.root, all(kRgLruMaxRootSlope));
      dlog = v.decay * fnma(gated * x * (slope + slope), v.decay, dh * before);
    }
    store(as<T>(b.dx) + first + i, gated * v.root, w);
    store(as<T>(b.dinput_gate) + first + i, gated * v.root * x * (one - v.input), w);
    store(as<T>(b.drecurrent_gate) + first + i, dlog * rate * v.recurrent * (one - v.recurrent), w);
    store(g.rate.at + i, fma(dlog, v.recurrent, load(g.rate.at + i, w)), w);
    store(g.carry.at + i, dh * v.decay, w);
  });
}

template <typename T>
void backward_block(const RgLruBackwardArgs& b, const Block& block) {
  const RgLruArgs& a = b.forward;
  BlockValues rates = load_rates(a, block), params = block_values(a.param, block);
  Gradients g;
  for (int64_t k = 0; k < a.num_runs; ++k) {
    const StateRun& run = a.runs[k];
    g.carry = {};
    for (int64_t row = run.begin + run.length - 1; row >= run.begin; --row)
      retreat_row<T>(b, run, block, rates, row, g);
  }
  for (int64_t i = 0; i < kRecurrenceBlock; i += kLanes) {
    Vec slope = sigmoid(load(params.at + i, Full{})) * all(-kRgLruPower);
    store(g.rate.at + i, load(g.rate.at + i, Full{}) * slope, Full{});
  }
  add_block(b.dparam, block, g.rate);
}

}  // namespace

void rg_lru(Stream&, const RgLruArgs& a) {
  with_type(a.dtype, [&](auto type) {
    each_block(a.channels, a.runs, a.num_runs, [&](const Block& block) {
      BlockValues rates = load_rates(a, block);
      for (int64_t i = 0; i < a.num_runs; ++i) forward_block<decltype(type)>(a, a.runs[i], block, rates);
    });
  });
}

void rg_lru_backward(Stream&, const RgLruBackwardArgs& b) {
  const RgLruArgs& a = b.forward;
  with_type(a.dtype, [&](auto type) {
    each_block(a.channels, a.runs, a.num_runs, [&](const Block& block) { backward_block<decltype(type)>(b, block); });
  });
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
