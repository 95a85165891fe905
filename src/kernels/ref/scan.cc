// Oracle of the state space scan: the recurrence itself, one row after another.
#include <algorithm>
#include <vector>

#include "kernels/ref/ref.h"

namespace malmoi::kernels::ref {
namespace {

/// The step sizes of one head in one run.
struct Step {
  double dt, slope, decay;  // after softplus and clamp; d(dt)/d(input); exp(A dt)
};

template <typename T>
Step scan_step(const SsdScanArgs& a, int64_t row, int64_t head) {
  using P = Param<T>;
  double raw = get(as<T>(a.dt)[row * a.dt_stride + head]) + (a.dt_bias ? get(as<P>(a.dt_bias)[head]) : 0);
  double soft = softplus(raw);
  double low = static_cast<double>(a.dt_min), high = static_cast<double>(a.dt_max);
  double dt = std::clamp(soft, low, high);
  return {dt, soft >= low && soft <= high ? sigmoid(raw) : 0, std::exp(-std::exp(get(as<P>(a.a_log)[head])) * dt)};
}

/// The states of one head through a run: states[t + 1] is that after row t.
template <typename T>
std::vector<double> scan_head(const SsdScanArgs& a, const StateRun& run, int64_t head) {
  int64_t size = a.state_size * a.head_dim, group = head / (a.heads / a.groups);
  std::vector<double> states(static_cast<size_t>((run.length + 1) * size));
  for (int64_t i = 0; run.state_in && i < size; ++i) {
    states[static_cast<size_t>(i)] = get(as<Param<T>>(run.state_in)[head * size + i]);
  }
  for (int64_t t = 0; t < run.length; ++t) {
    int64_t row = run.begin + t;
    Step step = scan_step<T>(a, row, head);
    for (int64_t i = 0; i < size; ++i) {
      double b = get(as<T>(a.b)[row * a.b_stride + group * a.state_size + i / a.head_dim]);
      double x = get(as<T>(a.x)[row * a.x_stride + head * a.head_dim + i % a.head_dim]);
      states[static_cast<size_t>((t + 1) * size + i)] =
          step.decay * states[static_cast<size_t>(t * size + i)] + step.dt * b * x;
    }
  }
  return states;
}

template <typename T>
void scan_run(const SsdScanArgs& a, const StateRun& run, int64_t head) {
  using P = Param<T>;
  int64_t size = a.state_size * a.head_dim, group = head / (a.heads / a.groups);
  std::vector<double> states = scan_head<T>(a, run, head);
  for (int64_t t = 0; t < run.length; ++t) {
    int64_t row = run.begin + t;
    for (int64_t p = 0; p < a.head_dim; ++p) {
      double x = get(as<T>(a.x)[row * a.x_stride + head * a.head_dim + p]);
      double y = a.d ? get(as<P>(a.d)[head]) * x : 0;
      for (int64_t n = 0; n < a.state_size; ++n) {
        double c = get(as<T>(a.c)[row * a.c_stride + group * a.state_size + n]);
        y += c * states[static_cast<size_t>((t + 1) * size + n * a.head_dim + p)];
      }
      put(as<T>(a.y)[row * a.y_stride + head * a.head_dim + p], y);
    }
  }
  for (int64_t i = 0; run.state_out && i < size; ++i) {
    put(as<P>(run.state_out)[head * size + i], states[static_cast<size_t>(run.length * size + i)]);
  }
}

/// db and dc of a run, [length, groups * state_size] each, which the heads of a group share.
struct ScanSums {
  std::vector<double> db, dc;
};

template <typename T>
void scan_backward_head(const SsdScanBackwardArgs& s, const StateRun& run, int64_t head, ScanSums& sums) {
  using P = Param<T>;
  const SsdScanArgs& a = s.forward;
  int64_t size = a.state_size * a.head_dim, group = head / (a.heads / a.groups);
  std::vector<double> states = scan_head<T>(a, run, head), dh(static_cast<size_t>(size));
  double rate = -std::exp(get(as<P>(a.a_log)[head])), skip = a.d ? get(as<P>(a.d)[head]) : 0;
  for (int64_t t = run.length - 1; t >= 0; --t) {
    int64_t row = run.begin + t;
    Step step = scan_step<T>(a, row, head);
    double ddt = 0, ddecay = 0, dd = 0;
    for (int64_t p = 0; p < a.head_dim; ++p) {
      double x = get(as<T>(a.x)[row * a.x_stride + head * a.head_dim + p]);
      double dy = get(as<T>(s.dy)[row * a.y_stride + head * a.head_dim + p]), dx = skip * dy;
      for (int64_t n = 0; n < a.state_size; ++n) {
        size_t i = static_cast<size_t>(n * a.head_dim + p), before = static_cast<size_t>(t * size) + i;
        size_t shared = static_cast<size_t>((t * a.groups + group) * a.state_size + n);
        double b = get(as<T>(a.b)[row * a.b_stride + group * a.state_size + n]);
        dh[i] += get(as<T>(a.c)[row * a.c_stride + group * a.state_size + n]) * dy;
        sums.dc[shared] += states[before + static_cast<size_t>(size)] * dy;
        sums.db[shared] += dh[i] * step.dt * x;
        dx += dh[i] * step.dt * b;
        ddt += dh[i] * b * x;
        ddecay += dh[i] * states[before];
        dh[i] *= step.decay;
      }
      dd += dy * x;
      put_row<T>(s, s.dx, row * s.dx_stride + head * a.head_dim + p, dx);
    }
    ddt += ddecay * step.decay * rate;
    put_row<T>(s, s.ddt, row * s.ddt_stride + head, ddt * step.slope);
    add_to<P>(s.ddt_bias, head, ddt * step.slope);
    add_to<P>(s.da_log, head, ddecay * step.decay * step.dt * rate);
    add_to<P>(s.dd, head, dd);
  }
}

template <typename T>
void scan_backward_run(const SsdScanBackwardArgs& s, const StateRun& run) {
  const SsdScanArgs& a = s.forward;
  int64_t width = a.groups * a.state_size;
  ScanSums sums;
  sums.db.resize(static_cast<size_t>(run.length * width));
  sums.dc.resize(sums.db.size());
  for (int64_t head = 0; head < a.heads; ++head) scan_backward_head<T>(s, run, head, sums);
  for (int64_t t = 0; t < run.length; ++t) {
    for (int64_t i = 0; i < width; ++i) {
      put_row<T>(s, s.db, (run.begin + t) * s.db_stride + i, sums.db[static_cast<size_t>(t * width + i)]);
      put_row<T>(s, s.dc, (run.begin + t) * s.dc_stride + i, sums.dc[static_cast<size_t>(t * width + i)]);
    }
  }
}

}  // namespace

void ssd_scan(Stream&, const SsdScanArgs& a) {
  with_type(a.dtype, [&](auto zero) {
    for (int64_t i = 0; i < a.num_runs * a.heads; ++i) scan_run<decltype(zero)>(a, a.runs[i / a.heads], i % a.heads);
  });
}

void ssd_scan_backward(Stream&, const SsdScanBackwardArgs& s) {
  with_type(s.forward.dtype, [&](auto zero) {
    for (int64_t i = 0; i < s.forward.num_runs; ++i) scan_backward_run<decltype(zero)>(s, s.forward.runs[i]);
  });
}

}  // namespace malmoi::kernels::ref
