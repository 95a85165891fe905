// Recurrent layers back through time: from the last row, the gradients that the row behind sends through the packed weight,
// and the cell's own in the same block of units.
#include "kernels/simd/recurrent_common.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

template <typename T>
class RecurrentBackward {
  using Rows = OperandRows<T>;

 public:
  explicit RecurrentBackward(const RecurrentBackwardArgs& args)
      : s_(args), a_(args.forward), gates_(recurrent_gates(args.forward.cell)) {
    Scratch scratch(args.scratch);
    int64_t elements = gates_ * a_.hidden;
    steps_ = Rows::words(elements);
    width_ = recurrent_round(a_.hidden);
    gradient_width_ = recurrent_round(elements);
    packed_ = scratch.take<Word>(gates_ * width_ * a_.hidden);
    for (Word*& gradients : gradients_) gradients = scratch.take<Word>(a_.num_runs * gradient_width_);
    before_ = scratch.take<float>(a_.num_runs * width_);
    sequences_ = in_order(a_, scratch.take<Word>(a_.num_runs));
  }

  void run() {
    if (sequences_.longest() == 0) return;
    auto clear = [](void* words, int64_t n) { __builtin_memset(words, 0, sizeof(Word) * static_cast<size_t>(n)); };
    for (Word* gradients : gradients_) clear(gradients, a_.num_runs * gradient_width_);
    clear(before_, a_.num_runs * width_);
    Shares shares = share_out(a_, sequences_.longest());
    parallel_for(shares.blocks, 1, [&](int64_t begin, int64_t end) {
      with_weight_type(a_.w_dtype, [&](auto type) {
        for (int64_t b = begin; b < end; ++b) pack_block<decltype(type)>(b);
      });
    });
    each_part(shares, a_.num_runs, [&](int64_t first, int64_t last) {
      for (int64_t t = sequences_[first].length - 1; t >= 0; --t) {
        int64_t behind = sequences_.active(first, last, t + 1), stop = sequences_.active(first, last, t);
        parallel_for(shares.blocks, shares.grain, [&](int64_t begin, int64_t end) {
          for (int64_t b = begin; b < end; ++b) {
            block(b, t, first, behind, true);
            block(b, t, behind, stop, false);
          }
        });
      }
    });
  }

 private:
  Word* gradients_of(int64_t t, int64_t sequence) const { return gradients_[t % 2] + sequence * gradient_width_; }
  Word* panel(int64_t block) const { return packed_ + block * steps_ * kColumns; }

  /// Columns of the weight; its rows are the summed dimension.
  template <typename W>
  void pack_block(int64_t block) {
    int64_t first = block * kColumns, units = min_of(kColumns, a_.hidden - first), last = gates_ * a_.hidden;
    float* to = reinterpret_cast<float*>(panel(block));
    for (int64_t s = 0; s < steps_; ++s, to += kColumns) {
      store(to, zero(), Full{});
      store(to + kLanes, zero(), Full{});
      int64_t k = Rows::kDot ? 2 * s : s;
      const W* from = as<W>(a_.weight) + k * a_.hidden + first;
      each_vec(units, [&](int64_t u, auto w) MALMOI_INLINED {
        if constexpr (Rows::kDot) {
          store(to + u, pair_words(load(from + u, w), k + 1 < last ? load(from + a_.hidden + u, w) : zero()), w);
        } else {
          store(to + u, load(from + u, w), w);
        }
      });
    }
  }

  /// Row t of sequences [first, stop), one block of units; `linked`: there is a row behind it.
  void block(int64_t block, int64_t t, int64_t first, int64_t stop, bool linked) {
    alignas(64) float sums[kRows * kColumns] = {};
    each_group(first, stop, [&](int64_t group, int64_t count) {
      if (linked) panel_product<T>({gradients_of(t + 1, group), gradient_width_}, count, panel(block), steps_, sums);
      for (int64_t i = 0; i < count; ++i) {
        if (a_.cell == RecurrentCell::kLstm) lstm(block, t, group + i, sums + i * kColumns);
        else gru(block, t, group + i, sums + i * kColumns);
      }
    });
  }

  /// What a cell reads and writes of one row, from its block's first unit on.
  struct Place {
    int64_t first, units, row;
    const RecurrentRun& run;
    const T *gates, *dy;
    const float* inner;
    T *dinput, *previous;
    float* before;
    Word* gradients;
  };
  MALMOI_INLINE Place place(int64_t block, int64_t t, int64_t sequence) const {
    const RecurrentRun& run = sequences_[sequence];
    int64_t first = block * kColumns, row = run.begin + t, unit = row * a_.hidden + first;
    int64_t gate = row * gates_ * a_.hidden + first;
    return {.first = first,
            .units = min_of(kColumns, a_.hidden - first),
            .row = row,
            .run = run,
            .gates = as<T>(a_.gates) + gate,
            .dy = as<T>(s_.dy) + unit,
            .inner = as<float>(a_.inner) + unit,
            .dinput = as<T>(s_.dinput) + gate,
            .previous = as<T>(s_.previous) + unit,
            .before = before_ + sequence * width_ + first,
            .gradients = gradients_of(t, sequence)};
  }

  /// h before the row, which is also kept.
  template <typename Width>
  MALMOI_INLINE Vec h_before(const Place& p, int64_t t, int64_t u, Width w) const {
    Vec h = zero();
    if (t > 0) h = load(as<T>(a_.y) + (p.row - 1) * a_.hidden + p.first + u, w);
    else if (p.run.state_in) h = load(p.run.state_in + p.first + u, w);
    store(p.previous + u, h, w);
    return h;
  }

  MALMOI_INLINE void lstm(int64_t block, int64_t t, int64_t sequence, const float* sums) const {
    const int64_t hidden = a_.hidden;
    Place p = place(block, t, sequence);
    each_vec(p.units, [&](int64_t u, auto w) MALMOI_INLINED {
      h_before(p, t, u, w);
      Vec c_before = zero();
      if (t > 0) c_before = load(p.inner - hidden + u, w);
      else if (p.run.state_in) c_before = load(p.run.state_in + hidden + p.first + u, w);
      Vec i = load(p.gates + u, w), f = load(p.gates + hidden + u, w), g = load(p.gates + 2 * hidden + u, w),
          o = load(p.gates + 3 * hidden + u, w), one = all(1.0f);
      Vec squashed = tanh(load(p.inner + u, w)), dh = load(p.dy + u, w) + load(sums + u, w);
      Vec dc = fma(dh * o, fnma(squashed, squashed, one), load(p.before + u, w));
      store(p.before + u, dc * f, w);
      Vec d[4] = {dc * g * i * (one - i), dc * c_before * f * (one - f), dc * i * fnma(g, g, one),
                  dh * squashed * o * (one - o)};
      each_index<4>([&](auto k) MALMOI_INLINED {
        store(p.dinput + k.value * hidden + u, d[k.value], w);
        Rows::put(p.gradients, k.value * hidden + p.first + u, d[k.value], w);
      });
    });
  }

  MALMOI_INLINE void gru(int64_t block, int64_t t, int64_t sequence, const float* sums) const {
    const int64_t hidden = a_.hidden;
    Place p = place(block, t, sequence);
    T* dproduct = as<T>(s_.dproduct) + p.row * 3 * hidden + p.first;
    each_vec(p.units, [&](int64_t u, auto w) MALMOI_INLINED {
      Vec h = h_before(p, t, u, w), r = load(p.gates + u, w), z = load(p.gates + hidden + u, w),
          n = load(p.gates + 2 * hidden + u, w), one = all(1.0f);
      Vec dh = load(p.dy + u, w) + load(sums + u, w) + load(p.before + u, w);
      store(p.before + u, dh * z, w);
      Vec dn = dh * (one - z) * fnma(n, n, one);
      Vec d[3] = {dn * load(p.inner + u, w) * r * (one - r), dh * (h - n) * z * (one - z), dn};
      each_index<3>([&](auto k) MALMOI_INLINED {
        Vec through = k.value < 2 ? d[k.value] : dn * r;
        store(p.dinput + k.value * hidden + u, d[k.value], w);
        store(dproduct + k.value * hidden + u, through, w);
        Rows::put(p.gradients, k.value * hidden + p.first + u, through, w);
      });
    });
  }

  const RecurrentBackwardArgs& s_;
  const RecurrentArgs& a_;
  int64_t gates_, steps_, width_, gradient_width_;
  Word* packed_;
  Word* gradients_[2];  // of even and odd rows, by sequence: what went into the products
  float* before_;       // what goes to the row before beside the products: of c, or of a GRU's h
  Sequences sequences_;
};

}  // namespace

void recurrent_backward(Stream&, const RecurrentBackwardArgs& s) {
  with_type(s.forward.dtype, [&](auto type) { RecurrentBackward<decltype(type)>(s).run(); });
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
