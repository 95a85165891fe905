// Oracle of RWKV-4's token shift and of its weighted averages.
#include <algorithm>
#include <vector>

#include "kernels/ref/ref.h"

namespace malmoi::kernels::ref {
namespace {

/// Row t of a run's input, where t < 0 is before it.
template <typename T>
double shift_input(const TokenShiftArgs& a, const StateRun& run, int64_t t, int64_t c) {
  if (t >= 0) return get(as<T>(a.x)[(run.begin + t) * a.channels + c]);
  return run.state_in ? get(as<Param<T>>(run.state_in)[c]) : 0;
}

template <typename T>
void shift_channel(const TokenShiftArgs& a, const StateRun& run, int64_t c) {
  using P = Param<T>;
  if (run.length == 0) return;
  for (int64_t t = 0; t < run.length; ++t) {
    double x = shift_input<T>(a, run, t, c), before = shift_input<T>(a, run, t - 1, c);
    for (int i = 0; i < a.count; ++i) {
      double mix = get(as<P>(a.mix[i])[c]);
      put(as<T>(a.y[i])[(run.begin + t) * a.channels + c], mix * x + (1 - mix) * before);
    }
  }
  if (run.state_out) put(as<P>(run.state_out)[c], shift_input<T>(a, run, run.length - 1, c));
}

template <typename T>
void shift_backward_channel(const TokenShiftBackwardArgs& s, const StateRun& run, int64_t c) {
  using P = Param<T>;
  const TokenShiftArgs& a = s.forward;
  auto dy = [&](int i, int64_t t) {
    return s.dy[i] && t < run.length ? get(as<T>(s.dy[i])[(run.begin + t) * a.channels + c]) : 0;
  };
  for (int64_t t = 0; t < run.length; ++t) {
    double difference = shift_input<T>(a, run, t, c) - shift_input<T>(a, run, t - 1, c), dx = 0;
    for (int i = 0; i < a.count; ++i) {
      double mix = get(as<P>(a.mix[i])[c]);
      dx += mix * dy(i, t) + (1 - mix) * dy(i, t + 1);
      if (s.dmix[i]) put(as<P>(s.dmix[i])[c], get(as<P>(s.dmix[i])[c]) + dy(i, t) * difference);
    }
    put(as<T>(s.dx)[(run.begin + t) * a.channels + c], dx);
  }
}

constexpr double kNothing = -1e38;  // the exponent of sums that nothing was added to

/// Numerator and denominator as multiples of e^exponent.
struct Sums {
  double numerator = 0, denominator = 0, exponent = kNothing;
};

template <typename T>
Sums sums_before(const WkvArgs& a, const StateRun& run, int64_t c) {
  if (!run.state_in) return {};
  auto at = [&](int64_t i) { return get(as<Param<T>>(run.state_in)[i * a.channels + c]); };
  return at(1) > 0 ? Sums{at(0), at(1), at(2)} : Sums{};
}

/// e^decay sums + e^k (v, 1)
Sums advance(const Sums& s, double decay, double k, double v) {
  double exponent = std::max(s.exponent + decay, k);
  double old = std::exp(s.exponent + decay - exponent), fresh = std::exp(k - exponent);
  return {old * s.numerator + fresh * v, old * s.denominator + fresh, exponent};
}

template <typename T>
std::vector<Sums> sums_of(const WkvArgs& a, const StateRun& run, int64_t c) {
  double decay = -std::exp(get(as<Param<T>>(a.decay)[c]));
  std::vector<Sums> sums{sums_before<T>(a, run, c)};
  for (int64_t t = 0; t < run.length; ++t) {
    int64_t i = (run.begin + t) * a.channels + c;
    sums.push_back(advance(sums.back(), decay, get(as<T>(a.k)[i]), get(as<T>(a.v)[i])));
  }
  return sums;
}

template <typename T>
void wkv_channel(const WkvArgs& a, const StateRun& run, int64_t c) {
  using P = Param<T>;
  std::vector<Sums> sums = sums_of<T>(a, run, c);
  double first = get(as<P>(a.first)[c]);
  for (int64_t t = 0; t < run.length; ++t) {
    int64_t i = (run.begin + t) * a.channels + c;
    Sums with_bonus = advance(sums[static_cast<size_t>(t)], 0, first + get(as<T>(a.k)[i]), get(as<T>(a.v)[i]));
    put(as<T>(a.y)[i], with_bonus.numerator / with_bonus.denominator);
  }
  if (!run.state_out || run.length == 0) return;
  const Sums& last = sums.back();
  double values[] = {last.numerator, last.denominator, last.exponent};
  for (int64_t i = 0; i < 3; ++i) put(as<P>(run.state_out)[i * a.channels + c], values[i]);
}

/// Gradients of numerator and denominator behind a row are multiples of e^exponent, too.
template <typename T>
void wkv_backward_channel(const WkvBackwardArgs& s, const StateRun& run, int64_t c) {
  using P = Param<T>;
  const WkvArgs& a = s.forward;
  std::vector<Sums> sums = sums_of<T>(a, run, c);
  double decay = -std::exp(get(as<P>(a.decay)[c])), first = get(as<P>(a.first)[c]), ddecay = 0, dfirst = 0;
  Sums gradient;
  for (int64_t t = run.length - 1; t >= 0; --t) {
    int64_t i = (run.begin + t) * a.channels + c;
    double k = get(as<T>(a.k)[i]), v = get(as<T>(a.v)[i]), dy = get(as<T>(s.dy)[i]);
    const Sums& before = sums[static_cast<size_t>(t)];
    Sums with_bonus = advance(before, 0, first + k, v);
    double y = with_bonus.numerator / with_bonus.denominator, g = dy / with_bonus.denominator;
    double own = g * std::exp(first + k - with_bonus.exponent), kept = std::exp(k + gradient.exponent);
    put(as<T>(s.dv)[i], own + kept * gradient.numerator);
    put(as<T>(s.dk)[i], own * (v - y) + kept * (gradient.numerator * v + gradient.denominator));
    dfirst += own * (v - y);
    ddecay += (gradient.numerator * before.numerator + gradient.denominator * before.denominator) *
              std::exp(gradient.exponent + decay + before.exponent);
    double exponent = std::max(gradient.exponent + decay, -with_bonus.exponent);
    double old = std::exp(gradient.exponent + decay - exponent), fresh = std::exp(-with_bonus.exponent - exponent);
    gradient = {old * gradient.numerator + fresh * g, old * gradient.denominator - fresh * g * y, exponent};
  }
  if (s.ddecay) put(as<P>(s.ddecay)[c], get(as<P>(s.ddecay)[c]) + ddecay * decay);
  if (s.dfirst) put(as<P>(s.dfirst)[c], get(as<P>(s.dfirst)[c]) + dfirst);
}

/// Calls body(T{}, run, channel).
template <typename Args, typename Body>
void each_channel(const Args& a, const Body& body) {
  with_type(a.dtype, [&](auto zero) {
    for (int64_t i = 0; i < a.num_runs * a.channels; ++i) body(zero, a.runs[i / a.channels], i % a.channels);
  });
}

}  // namespace

void token_shift(Stream&, const TokenShiftArgs& a) {
  each_channel(a, [&](auto zero, const StateRun& run, int64_t c) { shift_channel<decltype(zero)>(a, run, c); });
}

void token_shift_backward(Stream&, const TokenShiftBackwardArgs& s) {
  each_channel(s.forward,
               [&](auto zero, const StateRun& run, int64_t c) { shift_backward_channel<decltype(zero)>(s, run, c); });
}

void wkv(Stream&, const WkvArgs& a) {
  each_channel(a, [&](auto zero, const StateRun& run, int64_t c) { wkv_channel<decltype(zero)>(a, run, c); });
}

void wkv_backward(Stream&, const WkvBackwardArgs& s) {
  each_channel(s.forward,
               [&](auto zero, const StateRun& run, int64_t c) { wkv_backward_channel<decltype(zero)>(s, run, c); });
}

}  // namespace malmoi::kernels::ref
