// Oracle of the gated delta rule: the recurrence itself, one row after another.
#include <algorithm>
#include <vector>

#include "kernels/ref/ref.h"

namespace malmoi::kernels::ref {
namespace {

/// One row of one head.
struct HeadRow {
  std::vector<double> q, k, v;
  double beta, alpha, raw, soft;  // raw: what goes into the softplus; soft: what comes out of it
};

template <typename T>
HeadRow row_of(const DeltaRuleArgs& a, int64_t row, int64_t head) {
  using P = Param<T>;
  int64_t key_head = head / (a.heads / a.key_heads);
  HeadRow r;
  for (int64_t i = 0; i < a.key_dim; ++i) {
    r.q.push_back(get(as<T>(a.q)[row * a.q_stride + key_head * a.key_dim + i]) * static_cast<double>(a.query_scale));
    r.k.push_back(get(as<T>(a.k)[row * a.k_stride + key_head * a.key_dim + i]) * static_cast<double>(a.key_scale));
  }
  for (int64_t j = 0; j < a.value_dim; ++j) {
    r.v.push_back(get(as<T>(a.v)[row * a.v_stride + head * a.value_dim + j]));
  }
  r.raw = get(as<T>(a.a)[row * a.a_stride + head]) + get(as<P>(a.dt_bias)[head]);
  r.soft = softplus(r.raw);
  r.alpha = std::exp(-std::exp(get(as<P>(a.a_log)[head])) * r.soft);
  r.beta = sigmoid(get(as<T>(a.b)[row * a.b_stride + head]));
  return r;
}

using State = std::vector<double>;  // [key_dim, value_dim]

/// What is written at a row, before its beta: v - alpha S^T k.
std::vector<double> error_of(const DeltaRuleArgs& a, const HeadRow& r, const State& before) {
  std::vector<double> error = r.v;
  for (size_t i = 0; i < before.size(); ++i) {
    size_t columns = static_cast<size_t>(a.value_dim);
    error[i % columns] -= r.alpha * before[i] * r.k[i / columns];
  }
  return error;
}

State next_state(const DeltaRuleArgs& a, const HeadRow& r, const State& before) {
  std::vector<double> error = error_of(a, r, before);
  State after(before.size());
  for (size_t i = 0; i < before.size(); ++i) {
    size_t columns = static_cast<size_t>(a.value_dim);
    after[i] = r.alpha * before[i] + r.k[i / columns] * r.beta * error[i % columns];
  }
  return after;
}

/// The states of one head through a run: states[t + 1] is that after row t.
template <typename T>
std::vector<State> states_of(const DeltaRuleArgs& a, const StateRun& run, int64_t head) {
  int64_t size = a.key_dim * a.value_dim;
  std::vector<State> states(1, State(static_cast<size_t>(size)));
  for (int64_t i = 0; run.state_in && i < size; ++i) {
    states[0][static_cast<size_t>(i)] = get(as<Param<T>>(run.state_in)[head * size + i]);
  }
  for (int64_t t = 0; t < run.length; ++t) {
    states.push_back(next_state(a, row_of<T>(a, run.begin + t, head), states.back()));
  }
  return states;
}

template <typename T>
void rule_run(const DeltaRuleArgs& a, const StateRun& run, int64_t head) {
  int64_t size = a.key_dim * a.value_dim;
  std::vector<State> states = states_of<T>(a, run, head);
  for (int64_t t = 0; t < run.length; ++t) {
    HeadRow r = row_of<T>(a, run.begin + t, head);
    for (int64_t j = 0; j < a.value_dim; ++j) {
      double y = 0;
      for (int64_t i = 0; i < a.key_dim; ++i) {
        y += r.q[static_cast<size_t>(i)] * states[static_cast<size_t>(t + 1)][static_cast<size_t>(i * a.value_dim + j)];
      }
      put(as<T>(a.y)[(run.begin + t) * a.y_stride + head * a.value_dim + j], y);
    }
  }
  for (int64_t i = 0; run.state_out && i < size; ++i) {
    put(as<Param<T>>(run.state_out)[head * size + i], states.back()[static_cast<size_t>(i)]);
  }
}

/// dq and dk of a run, [length, key_heads * key_dim] each, which the heads of a key head share.
struct KeySums {
  std::vector<double> dq, dk;
};

/// The gradient of the state after a row becomes that of the state before it.
template <typename T>
void backward_row(const DeltaRuleBackwardArgs& s, int64_t row, int64_t head, const State& before, State& dstate,
                  double* dq, double* dk) {
  using P = Param<T>;
  const DeltaRuleArgs& a = s.forward;
  HeadRow r = row_of<T>(a, row, head);
  std::vector<double> error = error_of(a, r, before), dy, dd(error.size());
  State after = next_state(a, r, before);
  size_t columns = static_cast<size_t>(a.value_dim);
  for (size_t j = 0; j < columns; ++j)
    dy.push_back(get(as<T>(s.dy)[row * a.y_stride + head * a.value_dim + static_cast<int64_t>(j)]));
  for (size_t i = 0; i < after.size(); ++i) {
    dq[i / columns] += after[i] * dy[i % columns] * static_cast<double>(a.query_scale);
    dstate[i] += r.q[i / columns] * dy[i % columns];
    dd[i % columns] += dstate[i] * r.k[i / columns];
  }
  double dbeta = 0, dalpha = 0;
  for (size_t j = 0; j < columns; ++j) {
    dbeta += dd[j] * error[j];
    put_row<T>(s, s.dv, row * s.dv_stride + head * a.value_dim + static_cast<int64_t>(j), r.beta * dd[j]);
  }
  for (size_t i = 0; i < after.size(); ++i) {
    double d = r.beta * error[i % columns], du = -r.beta * dd[i % columns];  // u: alpha S^T k
    dk[i / columns] += (dstate[i] * d + r.alpha * before[i] * du) * static_cast<double>(a.key_scale);
    double decayed = dstate[i] + r.k[i / columns] * du;
    dalpha += decayed * before[i];
    dstate[i] = r.alpha * decayed;
  }
  double rate = -std::exp(get(as<P>(a.a_log)[head])), dlog = dalpha * r.alpha;
  put_row<T>(s, s.db, row * s.db_stride + head, dbeta * r.beta * (1 - r.beta));
  put_row<T>(s, s.da, row * s.da_stride + head, dlog * rate * sigmoid(r.raw));
  add_to<P>(s.ddt_bias, head, dlog * rate * sigmoid(r.raw));
  add_to<P>(s.da_log, head, dlog * rate * r.soft);
}

template <typename T>
void backward_run(const DeltaRuleBackwardArgs& s, const StateRun& run) {
  const DeltaRuleArgs& a = s.forward;
  int64_t width = a.key_heads * a.key_dim;
  KeySums sums;
  sums.dq.resize(static_cast<size_t>(run.length * width));
  sums.dk.resize(sums.dq.size());
  for (int64_t head = 0; head < a.heads; ++head) {
    std::vector<State> states = states_of<T>(a, run, head);
    State dstate(states[0].size());
    int64_t first = head / (a.heads / a.key_heads) * a.key_dim;
    for (int64_t t = run.length - 1; t >= 0; --t)
      backward_row<T>(s, run.begin + t, head, states[static_cast<size_t>(t)], dstate,
                      sums.dq.data() + t * width + first, sums.dk.data() + t * width + first);
  }
  for (int64_t i = 0; i < run.length * width; ++i) {
    int64_t row = run.begin + i / width;
    put_row<T>(s, s.dq, row * s.dq_stride + i % width, sums.dq[static_cast<size_t>(i)]);
    put_row<T>(s, s.dk, row * s.dk_stride + i % width, sums.dk[static_cast<size_t>(i)]);
  }
}

}  // namespace

void delta_rule(Stream&, const DeltaRuleArgs& a) {
  with_type(a.dtype, [&](auto zero) {
    for (int64_t i = 0; i < a.num_runs * a.heads; ++i) rule_run<decltype(zero)>(a, a.runs[i / a.heads], i % a.heads);
  });
}

void delta_rule_backward(Stream&, const DeltaRuleBackwardArgs& s) {
  with_type(s.forward.dtype, [&](auto zero) {
    for (int64_t i = 0; i < s.forward.num_runs; ++i) backward_run<decltype(zero)>(s, s.forward.runs[i]);
  });
}

}  // namespace malmoi::kernels::ref
