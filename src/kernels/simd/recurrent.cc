// Recurrent layers forward: row after row, the product of all sequences' h with the packed weight, and the cell behind it in
// the same block of units.
#include "kernels/simd/recurrent_common.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

template <typename T>
class RecurrentForward {
  using Rows = OperandRows<T>;

 public:
  explicit RecurrentForward(const RecurrentArgs& args)
      : a_(args), gates_(recurrent_gates(args.cell)), steps_(Rows::words(args.hidden)) {
    Scratch scratch(args.scratch);
    width_ = recurrent_round(args.hidden);
    packed_ = scratch.take<Word>(gates_ * width_ * args.hidden);
    for (Word*& h : h_) h = scratch.take<Word>(args.num_runs * width_);
    c_ = scratch.take<float>(args.num_runs * width_);
    sequences_ = in_order(args, scratch.take<Word>(args.num_runs));
  }

  void run() {
    load_states();
    if (sequences_.longest() == 0) return;
    Shares shares = share_out(a_, sequences_.longest());
    parallel_for(shares.blocks, 1, [&](int64_t begin, int64_t end) {
      with_weight_type(a_.w_dtype, [&](auto type) {
        for (int64_t b = begin; b < end; ++b) pack_block<decltype(type)>(b);
      });
    });
    each_part(shares, a_.num_runs, [&](int64_t first, int64_t last) {
      for (int64_t t = 0; t < sequences_[first].length; ++t) {
        int64_t stop = sequences_.active(first, last, t);
        parallel_for(shares.blocks, shares.grain, [&](int64_t begin, int64_t end) {
          for (int64_t b = begin; b < end; ++b) block(b, t, first, stop);
        });
      }
    });
  }

 private:
  Word* h_of(int64_t t, int64_t sequence) const { return h_[t % 2] + sequence * width_; }
  Word* panel(int64_t block, int64_t gate) const { return packed_ + (block * gates_ + gate) * steps_ * kColumns; }

  void load_states() {
    for (int64_t i = 0; i < a_.num_runs; ++i) {
      const RecurrentRun& run = sequences_[i];
      float* c = c_ + i * width_;
      // Words behind the last unit are read by products of pairs.
      for (Word* h : h_) __builtin_memset(h + i * width_, 0, sizeof(Word) * static_cast<size_t>(width_));
      __builtin_memset(c, 0, sizeof(float) * static_cast<size_t>(width_));
      each_vec(run.state_in ? a_.hidden : 0, [&](int64_t u, auto w) MALMOI_INLINED {
        Rows::put(h_of(0, i), u, load(run.state_in + u, w), w);
        if (a_.cell == RecurrentCell::kLstm) store(c + u, load(run.state_in + a_.hidden + u, w), w);
      });
      if (run.length > 0 || !run.state_out || run.state_out == run.state_in) continue;
      size_t bytes = sizeof(float) * static_cast<size_t>(recurrent_state(a_.cell, a_.hidden));
      if (run.state_in) __builtin_memcpy(run.state_out, run.state_in, bytes);
      else __builtin_memset(run.state_out, 0, bytes);
    }
  }

  /// Rows of the weight become columns of panels: kLanes of them are transposed at a time.
  template <typename W>
  void pack_block(int64_t block) {
    int64_t first = block * kColumns, units = min_of(kColumns, a_.hidden - first);
    for (int64_t gate = 0; gate < gates_; ++gate) {
      const W* from = as<W>(a_.weight) + (gate * a_.hidden + first) * a_.hidden;
      float* to = reinterpret_cast<float*>(panel(block, gate));
      for (int64_t half = 0; half < kColumns; half += kLanes) {
        for (int64_t k = 0; k < steps_; k += kLanes) {
          Vec v[kLanes];
          for (int i = 0; i < kLanes; ++i) {
            v[i] = half + i < units ? weight_words(from + (half + i) * a_.hidden, k) : zero();
          }
          transpose_block(v);
          int64_t count = min_of(kLanes, steps_ - k);
          for (int64_t i = 0; i < count; ++i) store(to + (k + i) * kColumns + half, v[i], Full{});
        }
      }
    }
  }

  /// kLanes words of a row of the weight from word k on; zero beyond its end.
  template <typename W>
  MALMOI_INLINE Vec weight_words(const W* row, int64_t k) const {
    if constexpr (Rows::kDot) {
      BF16 pairs[2 * kLanes] = {};
      each_vec(min_of(2 * kLanes, a_.hidden - 2 * k),
               [&](int64_t i, auto w) MALMOI_INLINED { store(pairs + i, load(row + 2 * k + i, w), w); });
      return load(reinterpret_cast<const float*>(pairs), Full{});
    } else {
      int64_t count = a_.hidden - k;
      return count >= kLanes ? load(row + k, Full{}) : load(row + k, Part{static_cast<int>(count)});
    }
  }

  /// Row t of sequences [first, stop), one block of units.
  void block(int64_t block, int64_t t, int64_t first, int64_t stop) {
    alignas(64) float sums[4 * kRows * kColumns];
    each_group(first, stop, [&](int64_t group, int64_t count) {
      for (int64_t gate = 0; gate < gates_; ++gate) {
        panel_product<T>({h_of(t, group), width_}, count, panel(block, gate), steps_, sums + gate * kRows * kColumns);
      }
      for (int64_t i = 0; i < count; ++i) {
        if (a_.cell == RecurrentCell::kLstm) cell<RecurrentCell::kLstm>(block, t, group + i, sums + i * kColumns);
        else cell<RecurrentCell::kGru>(block, t, group + i, sums + i * kColumns);
      }
    });
  }

  template <RecurrentCell kCell>
  MALMOI_INLINE void cell(int64_t block, int64_t t, int64_t sequence, const float* sums) {
    constexpr int kGates = kCell == RecurrentCell::kLstm ? 4 : 3;
    const RecurrentRun& run = sequences_[sequence];
    const int64_t hidden = a_.hidden, row = run.begin + t, first = block * kColumns;
    const T* input = as<T>(a_.input) + row * kGates * hidden + first;
    T* gates = a_.gates ? as<T>(a_.gates) + row * kGates * hidden + first : nullptr;
    T* y = as<T>(a_.y) + row * hidden + first;
    const float* bias = a_.bias ? as<float>(a_.bias) + first : nullptr;
    float* inner = a_.inner ? as<float>(a_.inner) + row * hidden + first : nullptr;
    float* c = c_ + sequence * width_ + first;
    float* out = run.state_out && t + 1 == run.length ? run.state_out + first : nullptr;
    const Word* h_before = h_of(t, sequence);
    Word* h_after = h_of(t + 1, sequence);
    each_vec(min_of(kColumns, hidden - first), [&](int64_t u, auto w) MALMOI_INLINED {
      Vec x[kGates], p[kGates], value[kGates], h;
      each_index<kGates>([&](auto g) MALMOI_INLINED {
        x[g.value] = load(input + g.value * hidden + u, w);
        p[g.value] = load(sums + g.value * kRows * kColumns + u, w);
        if (bias) p[g.value] += load(bias + g.value * hidden + u, w);
      });
      if constexpr (kCell == RecurrentCell::kLstm) {
        value[0] = sigmoid(x[0] + p[0]);
        value[1] = sigmoid(x[1] + p[1]);
        value[2] = tanh(x[2] + p[2]);
        value[3] = sigmoid(x[3] + p[3]);
        Vec after = fma(value[1], load(c + u, w), value[0] * value[2]);
        store(c + u, after, w);
        if (inner) store(inner + u, after, w);
        if (out) store(out + hidden + u, after, w);
        h = value[3] * tanh(after);
      } else {
        value[0] = sigmoid(x[0] + p[0]);
        value[1] = sigmoid(x[1] + p[1]);
        value[2] = tanh(fma(value[0], p[2], x[2]));
        if (inner) store(inner + u, p[2], w);
        Vec before = h_at(h_before, first + u, w);
        h = fma(value[1], before - value[2], value[2]);
      }
      store(y + u, h, w);
      Rows::put(h_after, first + u, h, w);
      if (out) store(out + u, rounded_to(static_cast<const T*>(nullptr), h), w);
      if (!gates) return;
      each_index<kGates>([&](auto g) MALMOI_INLINED { store(gates + g.value * hidden + u, value[g.value], w); });
    });
  }

  template <typename Width>
  static MALMOI_INLINE Vec h_at(const Word* row, int64_t i, Width w) {
    if constexpr (Rows::kDot) return load(reinterpret_cast<const BF16*>(row) + i, w);
    else return load(reinterpret_cast<const float*>(row) + i, w);
  }

  const RecurrentArgs& a_;
  int64_t gates_, steps_, width_;
  Word* packed_;
  Word* h_[2];  // of even and odd rows, by sequence
  float* c_;
  Sequences sequences_;
};

}  // namespace

void recurrent(Stream&, const RecurrentArgs& a) {
  with_type(a.dtype, [&](auto type) { RecurrentForward<decltype(type)>(a).run(); });
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
