// Oracle of Mamba's selective scan: the recurrence itself, one row after another, channel by channel.
#include <algorithm>
#include <vector>

#include "kernels/ref/ref.h"

namespace malmoi::kernels::ref {
namespace {

template <typename T>
double step_input(const SelectiveScanArgs& a, int64_t row, int64_t c) {
  return get(as<T>(a.dt)[row * a.dt_stride + c]);
}

template <typename T>
double rate(const SelectiveScanArgs& a, int64_t c, int64_t n) {
  return -std::exp(get(as<Param<T>>(a.a_log)[c * a.state_size + n]));
}

/// The states of one channel through a run: states[t + 1] is that after row t.
template <typename T>
std::vector<double> states_of(const SelectiveScanArgs& a, const StateRun& run, int64_t c) {
  std::vector<double> states(static_cast<size_t>((run.length + 1) * a.state_size));
  for (int64_t n = 0; run.state_in && n < a.state_size; ++n)
    states[static_cast<size_t>(n)] = get(as<Param<T>>(run.state_in)[n * a.channels + c]);
  for (int64_t t = 0; t < run.length; ++t) {
    int64_t row = run.begin + t;
    double dt = softplus(step_input<T>(a, row, c)), x = get(as<T>(a.x)[row * a.x_stride + c]);
    for (int64_t n = 0; n < a.state_size; ++n) {
      double before = states[static_cast<size_t>(t * a.state_size + n)];
      double b = get(as<T>(a.b)[row * a.b_stride + n]);
      states[static_cast<size_t>((t + 1) * a.state_size + n)] = std::exp(rate<T>(a, c, n) * dt) * before + dt * b * x;
    }
  }
  return states;
}

template <typename T>
void forward_channel(const SelectiveScanArgs& a, const StateRun& run, int64_t c) {
  using P = Param<T>;
  std::vector<double> states = states_of<T>(a, run, c);
  for (int64_t t = 0; t < run.length; ++t) {
    int64_t row = run.begin + t;
    double y = a.d ? get(as<P>(a.d)[c]) * get(as<T>(a.x)[row * a.x_stride + c]) : 0;
    for (int64_t n = 0; n < a.state_size; ++n)
      y += get(as<T>(a.c)[row * a.c_stride + n]) * states[static_cast<size_t>((t + 1) * a.state_size + n)];
    put(as<T>(a.y)[row * a.y_stride + c], y);
  }
  for (int64_t n = 0; run.state_out && n < a.state_size; ++n)
    put(as<P>(run.state_out)[n * a.channels + c], states[static_cast<size_t>(run.length * a.state_size + n)]);
}

/// `db` and `dc` [length, state_size] are sums over channels.
template <typename T>
void backward_channel(const SelectiveScanBackwardArgs& s, const StateRun& run, int64_t c, std::vector<double>& db,
                      std::vector<double>& dc) {
  using P = Param<T>;
  const SelectiveScanArgs& a = s.forward;
  std::vector<double> states = states_of<T>(a, run, c), dh(static_cast<size_t>(a.state_size));
  for (int64_t t = run.length - 1; t >= 0; --t) {
    int64_t row = run.begin + t;
    double raw = step_input<T>(a, row, c), dt = softplus(raw), x = get(as<T>(a.x)[row * a.x_stride + c]);
    double dy = get(as<T>(s.dy)[row * a.y_stride + c]), ddt = 0;
    double dx = a.d ? get(as<P>(a.d)[c]) * dy : 0;
    for (int64_t n = 0; n < a.state_size; ++n) {
      auto at = static_cast<size_t>(t * a.state_size + n), i = static_cast<size_t>(n);
      double b = get(as<T>(a.b)[row * a.b_stride + n]), decay = std::exp(rate<T>(a, c, n) * dt);
      dh[i] += get(as<T>(a.c)[row * a.c_stride + n]) * dy;
      dc[at] += states[at + static_cast<size_t>(a.state_size)] * dy;
      db[at] += dh[i] * dt * x;
      dx += dh[i] * dt * b;
      double dexponent = dh[i] * decay * states[at];
      ddt += dh[i] * b * x + dexponent * rate<T>(a, c, n);
      add_to<P>(s.da_log, c * a.state_size + n, dexponent * dt * rate<T>(a, c, n));
      dh[i] *= decay;
    }
    add_to<P>(s.dd, c, dy * x);
    put_row<T>(s, s.dx, row * s.dx_stride + c, dx);
    put_row<T>(s, s.ddt, row * s.ddt_stride + c, ddt / (1 + std::exp(-raw)));
  }
}

template <typename T>
void backward_run(const SelectiveScanBackwardArgs& s, const StateRun& run) {
  const SelectiveScanArgs& a = s.forward;
  std::vector<double> db(static_cast<size_t>(run.length * a.state_size)), dc(db.size());
  for (int64_t c = 0; c < a.channels; ++c) backward_channel<T>(s, run, c, db, dc);
  for (int64_t t = 0; t < run.length; ++t) {
    for (int64_t n = 0; n < a.state_size; ++n) {
      auto at = static_cast<size_t>(t * a.state_size + n);
      put_row<T>(s, s.db, (run.begin + t) * s.db_stride + n, db[at]);
      put_row<T>(s, s.dc, (run.begin + t) * s.dc_stride + n, dc[at]);
    }
  }
}

}  // namespace

void selective_scan(Stream&, const SelectiveScanArgs& a) {
  with_type(a.dtype, [&](auto zero) {
    for (int64_t i = 0; i < a.num_runs * a.channels; ++i)
      forward_channel<decltype(zero)>(a, a.runs[i / a.channels], i % a.channels);
  });
}

void selective_scan_backward(Stream&, const SelectiveScanBackwardArgs& s) {
  with_type(s.forward.dtype, [&](auto zero) {
    for (int64_t i = 0; i < s.forward.num_runs; ++i) backward_run<decltype(zero)>(s, s.forward.runs[i]);
  });
}

}  // namespace malmoi::kernels::ref
