// Oracle of the causal convolution.
#include <algorithm>
#include <vector>

#include "kernels/ref/ref.h"

namespace malmoi::kernels::ref {
namespace {

/// Row t of a run's input, where t < 0 is before it.
template <typename T>
double conv_input(const CausalConvArgs& a, const StateRun& run, int64_t t, int64_t c) {
  if (t >= 0) return get(as<T>(a.x)[(run.begin + t) * a.x_stride + c]);
  return run.state_in ? get(as<Param<T>>(run.state_in)[(a.taps - 1 + t) * a.channels + c]) : 0;
}

template <typename T>
double conv_sum(const CausalConvArgs& a, const StateRun& run, int64_t t, int64_t c) {
  using P = Param<T>;
  double sum = a.bias ? get(as<P>(a.bias)[c]) : 0;
  for (int64_t j = 0; j < a.taps; ++j) {
    sum += get(as<P>(a.weight)[c * a.taps + j]) * conv_input<T>(a, run, t - (a.taps - 1) + j, c);
  }
  return sum;
}

template <typename T>
void conv_run(const CausalConvArgs& a, const StateRun& run) {
  for (int64_t c = 0; c < a.channels; ++c) {
    for (int64_t t = 0; t < run.length; ++t) {
      put(as<T>(a.y)[(run.begin + t) * a.y_stride + c], activate(a.activation, conv_sum<T>(a, run, t, c)));
    }
    for (int64_t i = 0; run.state_out && i < a.taps - 1; ++i) {
      double x = conv_input<T>(a, run, run.length - (a.taps - 1) + i, c);
      put(as<Param<T>>(run.state_out)[i * a.channels + c], x);
    }
  }
}

template <typename T>
void conv_backward_run(const CausalConvBackwardArgs& b, const StateRun& run) {
  using P = Param<T>;
  const CausalConvArgs& a = b.forward;
  std::vector<double> dx(static_cast<size_t>(run.length));
  for (int64_t c = 0; c < a.channels; ++c) {
    std::fill(dx.begin(), dx.end(), 0.0);
    for (int64_t t = 0; t < run.length; ++t) {
      double slope = activate_derivative(a.activation, conv_sum<T>(a, run, t, c));
      double g = slope * get(as<T>(b.dy)[(run.begin + t) * a.y_stride + c]);
      if (b.dbias) put(as<P>(b.dbias)[c], get(as<P>(b.dbias)[c]) + g);
      for (int64_t j = 0; j < a.taps; ++j) {
        int64_t from = t - (a.taps - 1) + j, at = c * a.taps + j;
        if (from >= 0) dx[static_cast<size_t>(from)] += g * get(as<P>(a.weight)[at]);
        if (b.dweight) put(as<P>(b.dweight)[at], get(as<P>(b.dweight)[at]) + g * conv_input<T>(a, run, from, c));
      }
    }
    for (int64_t t = 0; t < run.length; ++t) {
      T& to = as<T>(b.dx)[(run.begin + t) * b.dx_stride + c];
      put(to, (b.accumulate ? get(to) : 0) + dx[static_cast<size_t>(t)]);
    }
  }
}

}  // namespace

void causal_conv(Stream&, const CausalConvArgs& a) {
  with_type(a.dtype, [&](auto zero) {
    for (int64_t i = 0; i < a.num_runs; ++i) conv_run<decltype(zero)>(a, a.runs[i]);
  });
}

void causal_conv_backward(Stream&, const CausalConvBackwardArgs& b) {
  with_type(b.forward.dtype, [&](auto zero) {
    for (int64_t i = 0; i < b.forward.num_runs; ++i) conv_backward_run<decltype(zero)>(b, b.forward.runs[i]);
  });
}

}  // namespace malmoi::kernels::ref
