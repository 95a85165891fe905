// RWKV-4's token shift and weighted averages: a block of channels walks through the rows with its sums in the first cache.
#include "kernels/simd/recurrence.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

// -- token shift ------------------------------------------------------------------------------------------------------

/// Channels of the row before row t of a run.
template <typename T, typename Width>
MALMOI_INLINE Vec row_before(const TokenShiftArgs& a, const StateRun& run, int64_t t, int64_t c, Width w) {
  if (t > 0) return load(as<T>(a.x) + (run.begin + t - 1) * a.channels + c, w);
  return run.state_in ? load(as<float>(run.state_in) + c, w) : zero();
}

template <typename T>
void shift_block(const TokenShiftArgs& a, const StateRun& run, const Block& block) {
  if (run.length == 0) return;
  BlockValues mixes[kMaxShifts];
  for (int k = 0; k < a.count; ++k) mixes[k] = block_values(a.mix[k], block);
  for (int64_t t = 0; t < run.length; ++t) {
    int64_t row = (run.begin + t) * a.channels + block.first;
    each_vec(block.n, [&](int64_t i, auto w) MALMOI_INLINED {
      Vec before = row_before<T>(a, run, t, block.first + i, w), step = load(as<T>(a.x) + row + i, w) - before;
      for (int k = 0; k < a.count; ++k) store(as<T>(a.y[k]) + row + i, fma(load(mixes[k].at + i, w), step, before), w);
    });
  }
  if (!run.state_out) return;
  float* state = as<float>(run.state_out) + block.first;
  const T* last = as<T>(a.x) + (run.begin + run.length - 1) * a.channels + block.first;
  each_vec(block.n, [&](int64_t i, auto w) MALMOI_INLINED { store(state + i, load(last + i, w), w); });
}

/// From the last row to the first: what row t + 1 sends back is known when row t is written.
template <typename T>
void shift_backward_block(const TokenShiftBackwardArgs& s, const StateRun& run, const Block& block,
                          const BlockValues* mixes, BlockValues* dmixes) {
  const TokenShiftArgs& a = s.forward;
  BlockValues sent;  // by the row behind
  for (int64_t t = run.length - 1; t >= 0; --t) {
    int64_t row = (run.begin + t) * a.channels + block.first;
    each_vec(block.n, [&](int64_t i, auto w) MALMOI_INLINED {
      Vec step = load(as<T>(a.x) + row + i, w) - row_before<T>(a, run, t, block.first + i, w);
      Vec dx = load(sent.at + i, w), to_before = zero();
      for (int k = 0; k < a.count; ++k) {
        if (!s.dy[k]) continue;
        Vec dy = load(as<T>(s.dy[k]) + row + i, w), mix = load(mixes[k].at + i, w);
        dx = fma(mix, dy, dx);
        to_before = fma(all(1.0f) - mix, dy, to_before);
        store(dmixes[k].at + i, fma(dy, step, load(dmixes[k].at + i, w)), w);
      }
      store(as<T>(s.dx) + row + i, dx, w);
      store(sent.at + i, to_before, w);
    });
  }
}

// -- weighted averages ------------------------------------------------------------------------------------------------

constexpr float kNothing = -1e38f;  // the exponent of sums that nothing was added to

/// Numerator and denominator of some channels, as multiples of e^exponent.
struct Sums {
  Vec numerator, denominator, exponent;
};

/// The sums of a block: kWkvSums rows of kRecurrenceBlock.
template <typename Width>
MALMOI_INLINE Sums load_sums(const float* sums, int64_t i, Width w) {
  return {load(sums + i, w), load(sums + kRecurrenceBlock + i, w), load(sums + 2 * kRecurrenceBlock + i, w)};
}
template <typename Width>
MALMOI_INLINE void store_sums(float* sums, int64_t i, const Sums& s, Width w) {
  store(sums + i, s.numerator, w);
  store(sums + kRecurrenceBlock + i, s.denominator, w);
  store(sums + 2 * kRecurrenceBlock + i, s.exponent, w);
}

/// e^decay sums + e^k (v, 1).
MALMOI_INLINE Sums advance(const Sums& s, Vec decay, Vec k, Vec v) {
  Vec decayed = s.exponent + decay, exponent = max(decayed, k), old = exp(decayed - exponent);
  Vec fresh = exp(k - exponent);
  return {fma(old, s.numerator, fresh * v), fma(old, s.denominator, fresh), exponent};
}

/// Decays are negative; those of a block, and its bonuses.
struct Rates {
  BlockValues decay, first;
};

Rates load_rates(const WkvArgs& a, const Block& block) {
  Rates rates{block_values(a.decay, block), block_values(a.first, block)};
  for (int64_t i = 0; i < kRecurrenceBlock; i += kLanes)
    store(rates.decay.at + i, zero() - exp(load(rates.decay.at + i, Full{})), Full{});
  return rates;
}

void open_sums(const WkvArgs& a, const StateRun& run, const Block& block, float* sums) {
  each_vec(block.n, [&](int64_t i, auto w) MALMOI_INLINED {
    Sums s{zero(), zero(), all(kNothing)};
    if (run.state_in) {
      const float* state = as<float>(run.state_in) + block.first + i;
      s = {load(state, w), load(state + a.channels, w), load(state + 2 * a.channels, w)};
      s.exponent = s.denominator > zero() ? s.exponent : all(kNothing);
    }
    store_sums(sums, i, s, w);
  });
}

void close_sums(const WkvArgs& a, const StateRun& run, const Block& block, const float* sums) {
  if (!run.state_out || run.length == 0) return;
  each_vec(block.n, [&](int64_t i, auto w) MALMOI_INLINED {
    Sums s = load_sums(sums, i, w);
    float* state = as<float>(run.state_out) + block.first + i;
    store(state, s.numerator, w);
    store(state + a.channels, s.denominator, w);
    store(state + 2 * a.channels, s.exponent, w);
  });
}

template <typename T>
void wkv_block(const WkvArgs& a, const StateRun& run, const Block& block, const Rates& rates) {
  float sums[kWkvSums * kRecurrenceBlock];
  open_sums(a, run, block, sums);
  for (int64_t t = 0; t < run.length; ++t) {
    int64_t row = (run.begin + t) * a.channels + block.first;
    each_vec(block.n, [&](int64_t i, auto w) MALMOI_INLINED {
      Vec k = load(as<T>(a.k) + row + i, w), v = load(as<T>(a.v) + row + i, w);
      Sums before = load_sums(sums, i, w);
      Sums with_bonus = advance(before, zero(), load(rates.first.at + i, w) + k, v);
      store(as<T>(a.y) + row + i, with_bonus.numerator / with_bonus.denominator, w);
      store_sums(sums, i, advance(before, load(rates.decay.at + i, w), k, v), w);
    });
  }
  close_sums(a, run, block, sums);
}

/// Sums through rows [first, first + count): `each` is told those before each row.
template <typename T, typename Each>
MALMOI_INLINE void replay(const WkvArgs& a, const Block& block, const Rates& rates, int64_t first, int64_t count,
                          float* sums, const Each& each) {
  for (int64_t t = 0; t < count; ++t) {
    each(t);
    int64_t row = (first + t) * a.channels + block.first;
    each_vec(block.n, [&](int64_t i, auto w) MALMOI_INLINED {
      Vec k = load(as<T>(a.k) + row + i, w), v = load(as<T>(a.v) + row + i, w);
      store_sums(sums, i, advance(load_sums(sums, i, w), load(rates.decay.at + i, w), k, v), w);
    });
  }
}

/// A block's gradients: of the sums behind the row, as multiples of e^exponent, and of its parameters.
struct WkvGradients {
  float sums[kWkvSums * kRecurrenceBlock];
  BlockValues decay, first;
};

/// One row backwards; `before`: the sums before it.
template <typename T>
MALMOI_INLINE void retreat_row(const WkvBackwardArgs& s, const Block& block, const Rates& rates, int64_t row,
                               const float* before, WkvGradients& g) {
  const WkvArgs& a = s.forward;
  int64_t at = row * a.channels + block.first;
  each_vec(block.n, [&](int64_t i, auto w) MALMOI_INLINED {
    Vec k = load(as<T>(a.k) + at + i, w), v = load(as<T>(a.v) + at + i, w), dy = load(as<T>(s.dy) + at + i, w);
    Vec decay = load(rates.decay.at + i, w), bonus = load(rates.first.at + i, w) + k;
    Sums old = load_sums(before, i, w), later = load_sums(g.sums, i, w), here = advance(old, zero(), bonus, v);
    Vec y = here.numerator / here.denominator, scaled = dy / here.denominator;
    Vec own = scaled * exp(bonus - here.exponent), by_average = own * (v - y);
    Vec kept = exp(k + later.exponent);  // at most 1: no later row's exponent is below k, decayed
    store(as<T>(s.dv) + at + i, fma(kept, later.numerator, own), w);
    store(as<T>(s.dk) + at + i, fma(kept, fma(later.numerator, v, later.denominator), by_average), w);
    store(g.first.at + i, load(g.first.at + i, w) + by_average, w);
    Vec through = fma(later.numerator, old.numerator, later.denominator * old.denominator);
    Vec size = exp(later.exponent + decay + old.exponent);
    store(g.decay.at + i, fma(through, size, load(g.decay.at + i, w)), w);
    Vec decayed = later.exponent + decay, inverse = zero() - here.exponent, exponent = max(decayed, inverse);
    Vec past = exp(decayed - exponent), fresh = exp(inverse - exponent) * scaled;
    store_sums(g.sums, i, {fma(past, later.numerator, fresh), fnma(fresh, y, past * later.denominator), exponent}, w);
  });
}

template <typename T>
void wkv_backward_run(const WkvBackwardArgs& s, const StateRun& run, const Block& block, const Rates& rates,
                      float* scratch, WkvGradients& g) {
  constexpr int64_t kSize = kWkvSums * kRecurrenceBlock;
  const WkvArgs& a = s.forward;
  int64_t chunks = (run.length + kRecurrenceChunk - 1) / kRecurrenceChunk;
  float *slots = scratch, *starts = scratch + kRecurrenceChunk * kSize, sums[kSize] = {};
  auto copy = [&](float* to) { __builtin_memcpy(to, sums, sizeof sums); };
  open_sums(a, run, block, sums);
  for (int64_t i = 0; i + 1 < chunks; ++i) {
    copy(starts + i * kSize);
    replay<T>(a, block, rates, run.begin + i * kRecurrenceChunk, kRecurrenceChunk, sums, [](int64_t) {});
  }
  if (chunks > 0) copy(starts + (chunks - 1) * kSize);
  for (int64_t i = 0; i < kSize; i += kLanes)
    store(g.sums + i, i < 2 * kRecurrenceBlock ? zero() : all(kNothing), Full{});
  for (int64_t i = chunks - 1; i >= 0; --i) {
    int64_t first = i * kRecurrenceChunk, count = min_of(kRecurrenceChunk, run.length - first);
    __builtin_memcpy(sums, starts + i * kSize, sizeof sums);
    replay<T>(a, block, rates, run.begin + first, count, sums, [&](int64_t t) { copy(slots + t * kSize); });
    for (int64_t t = count - 1; t >= 0; --t)
      retreat_row<T>(s, block, rates, run.begin + first + t, slots + t * kSize, g);
  }
}

template <typename T>
void wkv_backward_block(const WkvBackwardArgs& s, const Block& block) {
  const WkvArgs& a = s.forward;
  float* scratch = as<float>(s.scratch) + compute_thread() * wkv_words(a);
  Rates rates = load_rates(a, block);
  WkvGradients g;
  for (int64_t i = 0; i < a.num_runs; ++i) wkv_backward_run<T>(s, a.runs[i], block, rates, scratch, g);
  for (int64_t i = 0; i < kRecurrenceBlock; ++i) g.decay.at[i] *= rates.decay.at[i];  // w = -e^decay is its own slope
  add_block(s.ddecay, block, g.decay);
  add_block(s.dfirst, block, g.first);
}

}  // namespace

void token_shift(Stream&, const TokenShiftArgs& a) {
  with_type(a.dtype, [&](auto type) {
    each_block(a.channels, a.runs, a.num_runs, [&](const Block& block) {
      for (int64_t i = 0; i < a.num_runs; ++i) shift_block<decltype(type)>(a, a.runs[i], block);
    });
  });
}

void token_shift_backward(Stream&, const TokenShiftBackwardArgs& s) {
  const TokenShiftArgs& a = s.forward;
  with_type(a.dtype, [&](auto type) {
    each_block(a.channels, a.runs, a.num_runs, [&](const Block& block) {
      BlockValues mixes[kMaxShifts], dmixes[kMaxShifts];
      for (int k = 0; k < a.count; ++k) mixes[k] = block_values(a.mix[k], block);
      for (int64_t i = 0; i < a.num_runs; ++i) shift_backward_block<decltype(type)>(s, a.runs[i], block, mixes, dmixes);
      for (int k = 0; k < a.count; ++k) add_block(s.dmix[k], block, dmixes[k]);
    });
  });
}

void wkv(Stream&, const WkvArgs& a) {
  with_type(a.dtype, [&](auto type) {
    each_block(a.channels, a.runs, a.num_runs, [&](const Block& block) {
      Rates rates = load_rates(a, block);
      for (int64_t i = 0; i < a.num_runs; ++i) wkv_block<decltype(type)>(a, a.runs[i], block, rates);
    });
  });
}

void wkv_backward(Stream&, const WkvBackwardArgs& s) {
  const WkvArgs& a = s.forward;
  with_type(a.dtype, [&](auto type) {
    each_block(a.channels, a.runs, a.num_runs,
               [&](const Block& block) { wkv_backward_block<decltype(type)>(s, block); });
  });
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
