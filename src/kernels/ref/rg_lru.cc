// Oracle of Griffin's gated linear recurrence.
#include <algorithm>

#include "kernels/ref/ref.h"

namespace malmoi::kernels::ref {
namespace {

/// What a row makes of its gates.
struct Gates {
  double input, recurrent;  // after the sigmoid
  double log_decay, decay;  // 0 and 0 at the beginning of a text
  double root;              // sqrt(1 - decay^2), 1 at the beginning
  bool begins;
};

template <typename T>
Gates gates_of(const RgLruArgs& a, int64_t row, int64_t c) {
  Gates g{};
  int64_t i = row * a.channels + c;
  g.input = sigmoid(get(as<T>(a.input_gate)[i]));
  g.recurrent = sigmoid(get(as<T>(a.recurrent_gate)[i]));
  g.begins = a.positions[row] == 0;
  g.root = 1;
  if (g.begins) return g;
  g.log_decay = -static_cast<double>(kRgLruPower) * g.recurrent * softplus(get(as<Param<T>>(a.param)[c]));
  g.decay = std::exp(g.log_decay);
  g.root = std::sqrt(-std::expm1(2 * g.log_decay));
  return g;
}

template <typename T>
void forward_channel(const RgLruArgs& a, const StateRun& run, int64_t c) {
  using P = Param<T>;
  double h = run.state_in ? get(as<P>(run.state_in)[c]) : 0;
  for (int64_t row = run.begin; row < run.begin + run.length; ++row) {
    Gates g = gates_of<T>(a, row, c);
    h = g.decay * h + g.root * g.input * get(as<T>(a.x)[row * a.channels + c]);
    put(as<T>(a.y)[row * a.channels + c], h);
  }
  if (run.state_out) put(as<P>(run.state_out)[c], h);
}

template <typename T>
void backward_channel(const RgLruBackwardArgs& b, const StateRun& run, int64_t c) {
  using P = Param<T>;
  const RgLruArgs& a = b.forward;
  double param = get(as<P>(a.param)[c]), power = static_cast<double>(kRgLruPower), carry = 0, dparam = 0;
  for (int64_t row = run.begin + run.length - 1; row >= run.begin; --row) {
    int64_t i = row * a.channels + c;
    Gates g = gates_of<T>(a, row, c);
    double before = row > run.begin ? get(as<T>(a.y)[i - a.channels]) : run.state_in ? get(as<P>(run.state_in)[c]) : 0;
    double x = get(as<T>(a.x)[i]), dh = get(as<T>(b.dy)[i]) + carry;
    double slope = std::min(0.5 / g.root, static_cast<double>(kRgLruMaxRootSlope));  // of the root
    double dlog = g.begins ? 0 : dh * before * g.decay - dh * g.input * x * slope * 2 * g.decay * g.decay;
    put(as<T>(b.dx)[i], dh * g.root * g.input);
    put(as<T>(b.dinput_gate)[i], dh * g.root * x * g.input * (1 - g.input));
    put(as<T>(b.drecurrent_gate)[i], -dlog * power * softplus(param) * g.recurrent * (1 - g.recurrent));
    dparam -= dlog * power * g.recurrent * sigmoid(param);
    carry = dh * g.decay;
  }
  if (b.dparam) put(as<P>(b.dparam)[c], get(as<P>(b.dparam)[c]) + dparam);
}

}  // namespace

void rg_lru(Stream&, const RgLruArgs& a) {
  with_type(a.dtype, [&](auto zero) {
    for (int64_t i = 0; i < a.num_runs * a.channels; ++i)
      forward_channel<decltype(zero)>(a, a.runs[i / a.channels], i % a.channels);
  });
}

void rg_lru_backward(Stream&, const RgLruBackwardArgs& b) {
  const RgLruArgs& a = b.forward;
  with_type(a.dtype, [&](auto zero) {
    for (int64_t i = 0; i < a.num_runs * a.channels; ++i)
      backward_channel<decltype(zero)>(b, a.runs[i / a.channels], i % a.channels);
  });
}

}  // namespace malmoi::kernels::ref
