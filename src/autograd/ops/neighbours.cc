// Each row beside its neighbours in the text, channel by channel.
#include <cstring>

#include "autograd/ops.h"
#include "base/parallel.h"

namespace malmoi::autograd {
namespace {

struct NeighboursAttributes {
  std::span<const Run> runs;
  int64_t taps;
};

template <typename Body>
void with_type(DType type, const Body& body) {
  if (type == DType::kF64) body(double{});
  else if (type == DType::kF32) body(float{});
  else body(BF16{});
}
double get(double x) { return x; }
double get(float x) { return static_cast<double>(x); }
double get(BF16 x) { return static_cast<double>(to_float(x)); }
void put(double& y, double x) { y = x; }
void put(float& y, double x) { y = static_cast<float>(x); }
void put(BF16& y, double x) { y = to_bf16(static_cast<float>(x)); }

// visit(row, the row whose tap t it is, t) for each row of the runs and each of its neighbours that is there.
template <typename Visit>
void each_neighbour(const NeighboursAttributes& a, const Visit& visit) {
  for (const Run& run : a.runs) {
    parallel_for(run.length, 16, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        for (int64_t t = 0; t < a.taps; ++t) {
          int64_t other = i + t - (a.taps - 1) / 2;
          if (other >= 0 && other < run.length) visit(run.begin + i, run.begin + other, t);
        }
      }
    });
  }
}

// Row r of the result is a sum over the rows around it, so that no two threads write to one.
void neighbours_backward(Context& context, Tape& tape, Record& record) {
  const auto& a = record.get<NeighboursAttributes>();
  Tensor dy = tape.take_grad(record.outputs[0]);
  int64_t channels = dy.shape().columns() / a.taps;
  Tensor dx = context.temporary(dy.dtype(), {dy.shape().rows(), channels});
  context.step("neighbours backward", 0, [&] {
    std::memset(dx.data(), 0, dx.bytes());
    with_type(dy.dtype(), [&](auto zero) {
      using T = decltype(zero);
      each_neighbour(a, [&](int64_t row, int64_t other, int64_t t) {
        const T* from = dy.as<T>() + other * channels * a.taps + (a.taps - 1 - t);
        T* to = dx.as<T>() + row * channels;
        for (int64_t c = 0; c < channels; ++c) put(to[c], get(to[c]) + get(from[c * a.taps]));
      });
    });
  });
  tape.give_grad(context, record.inputs[0], std::move(dx));
}

}  // namespace

extern const Op neighbours_op{"neighbours", neighbours_backward};

Var neighbours(Context& context, Var x, int64_t taps, std::span<const Run> runs) {
  NeighboursAttributes a{runs, taps};
  int64_t channels = x.value.shape().columns();
  Tensor y = context.temporary(x.value.dtype(), {x.value.shape().rows(), channels * taps});
  context.step("neighbours", 0, [&] {
    std::memset(y.data(), 0, y.bytes());
    with_type(y.dtype(), [&](auto zero) {
      using T = decltype(zero);
      each_neighbour(a, [&](int64_t row, int64_t other, int64_t t) {
        const T* from = x.value.as<T>() + other * channels;
        T* to = y.as<T>() + row * channels * taps + t;
        for (int64_t c = 0; c < channels; ++c) to[c * taps] = from[c];
      });
    });
  });
  if (!context.tape) return {std::move(y), -1};
  Record& record = context.tape->push(neighbours_op, {.inputs = {x.id}}, a);
  return context.tape->output(record, 0, std::move(y));
}

}  // namespace malmoi::autograd
