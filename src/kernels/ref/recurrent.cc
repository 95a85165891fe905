// Oracle of recurrent layers: one sequence after another, one row after another.
#include <algorithm>
#include <array>
#include <vector>

#include "kernels/ref/ref.h"

namespace malmoi::kernels::ref {
namespace {

using Row = std::vector<double>;

/// The weight as it is stored in files, widened.
double weight_at(const RecurrentArgs& a, int64_t i) {
  switch (a.w_dtype) {
    case DType::kF64: return as<double>(a.weight)[i];
    case DType::kF32: return static_cast<double>(as<float>(a.weight)[i]);
    default: {
      double value = 0;
      convert(element_at(a.weight, a.w_dtype, i), a.w_dtype, &value, DType::kF64, 1);
      return value;
    }
  }
}

/// Element `from` onwards of the state before a run.
Row state_of(const RecurrentArgs& a, const RecurrentRun& run, int64_t from) {
  Row state(static_cast<size_t>(a.hidden));
  for (int64_t u = 0; run.state_in && u < a.hidden; ++u)
    state[static_cast<size_t>(u)] = static_cast<double>(run.state_in[from + u]);
  return state;
}

/// W h + b.
template <typename T>
Row product(const RecurrentArgs& a, const Row& h) {
  int64_t width = recurrent_gates(a.cell) * a.hidden;
  Row p(static_cast<size_t>(width));
  for (int64_t n = 0; n < width; ++n) {
    double sum = a.bias ? get(as<Param<T>>(a.bias)[n]) : 0;
    for (int64_t k = 0; k < a.hidden; ++k) sum += weight_at(a, n * a.hidden + k) * h[static_cast<size_t>(k)];
    p[static_cast<size_t>(n)] = sum;
  }
  return p;
}

/// One unit of one row: its gates' values, and h and c (or what r multiplies) after it.
struct Unit {
  double gates[4] = {};
  double h = 0, inner = 0;
};

Unit lstm_unit(const double* x, const double* p, double c) {
  Unit unit;
  for (int g = 0; g < 4; ++g) unit.gates[g] = g == 2 ? std::tanh(x[g] + p[g]) : sigmoid(x[g] + p[g]);
  unit.inner = unit.gates[1] * c + unit.gates[0] * unit.gates[2];
  unit.h = unit.gates[3] * std::tanh(unit.inner);
  return unit;
}

Unit gru_unit(const double* x, const double* p, double h) {
  Unit unit;
  for (int g = 0; g < 2; ++g) unit.gates[g] = sigmoid(x[g] + p[g]);
  unit.gates[2] = std::tanh(x[2] + unit.gates[0] * p[2]);
  unit.inner = p[2];
  unit.h = (1 - unit.gates[1]) * unit.gates[2] + unit.gates[1] * h;
  return unit;
}

template <typename T>
void recurrent_run(const RecurrentArgs& a, const RecurrentRun& run) {
  const bool lstm = a.cell == RecurrentCell::kLstm;
  const int64_t gates = recurrent_gates(a.cell);
  Row h = state_of(a, run, 0), c = lstm ? state_of(a, run, a.hidden) : Row();
  for (int64_t row = run.begin; row < run.begin + run.length; ++row) {
    Row p = product<T>(a, h);
    for (int64_t u = 0; u < a.hidden; ++u) {
      double x[4] = {}, of_unit[4] = {};
      for (int64_t g = 0; g < gates; ++g) {
        x[g] = get(as<T>(a.input)[(row * gates + g) * a.hidden + u]);
        of_unit[g] = p[static_cast<size_t>(g * a.hidden + u)];
      }
      auto i = static_cast<size_t>(u);
      Unit unit = lstm ? lstm_unit(x, of_unit, c[i]) : gru_unit(x, of_unit, h[i]);
      h[i] = rounded<T>(unit.h);
      if (lstm) c[i] = unit.inner;
      put(as<T>(a.y)[row * a.hidden + u], unit.h);
      for (int64_t g = 0; a.gates && g < gates; ++g)
        put(as<T>(a.gates)[(row * gates + g) * a.hidden + u], unit.gates[g]);
      if (a.inner) put(as<Param<T>>(a.inner)[row * a.hidden + u], unit.inner);
    }
  }
  for (int64_t u = 0; run.state_out && u < a.hidden; ++u) {
    run.state_out[u] = static_cast<float>(h[static_cast<size_t>(u)]);
    if (lstm) run.state_out[a.hidden + u] = static_cast<float>(c[static_cast<size_t>(u)]);
  }
}

/// The gradients of one unit: of its gates before their functions, of p, and what goes to the state before.
struct UnitGradient {
  double input[4] = {}, product[4] = {};
  double before = 0;  // of c of an LSTM; of h of a GRU, beside what goes through p
};

UnitGradient lstm_gradient(const double* gates, double c, double c_before, double dh, double dc) {
  auto [i, f, g, o] = std::array{gates[0], gates[1], gates[2], gates[3]};
  double squashed = std::tanh(c);
  dc += dh * o * (1 - squashed * squashed);
  UnitGradient d{
      .input = {dc * g * i * (1 - i), dc * c_before * f * (1 - f), dc * i * (1 - g * g), dh * squashed * o * (1 - o)},
      .before = dc * f};
  std::copy(d.input, d.input + 4, d.product);
  return d;
}

UnitGradient gru_gradient(const double* gates, double inner, double h_before, double dh) {
  auto [r, z, n] = std::array{gates[0], gates[1], gates[2]};
  double dn = dh * (1 - z) * (1 - n * n);
  UnitGradient d{.input = {dn * inner * r * (1 - r), dh * (h_before - n) * z * (1 - z), dn}, .before = dh * z};
  std::copy(d.input, d.input + 2, d.product);
  d.product[2] = dn * r;
  return d;
}

template <typename T>
void backward_run(const RecurrentBackwardArgs& s, const RecurrentRun& run) {
  const RecurrentArgs& a = s.forward;
  const bool lstm = a.cell == RecurrentCell::kLstm;
  const int64_t gates = recurrent_gates(a.cell);
  const auto width = static_cast<size_t>(gates * a.hidden);
  Row first_h = state_of(a, run, 0), first_c = lstm ? state_of(a, run, a.hidden) : Row();
  Row dh(static_cast<size_t>(a.hidden)), before(dh.size()), dproduct(width);
  for (int64_t row = run.begin + run.length - 1; row >= run.begin; --row) {
    const bool first = row == run.begin;
    for (int64_t u = 0; u < a.hidden; ++u) {
      auto i = static_cast<size_t>(u);
      double values[4] = {}, h_before = first ? first_h[i] : get(as<T>(a.y)[(row - 1) * a.hidden + u]);
      for (int64_t g = 0; g < gates; ++g) values[g] = get(as<T>(a.gates)[(row * gates + g) * a.hidden + u]);
      double inner = get(as<Param<T>>(a.inner)[row * a.hidden + u]);
      double d = dh[i] + get(as<T>(s.dy)[row * a.hidden + u]);
      UnitGradient unit;
      if (lstm) {
        double c_before = first ? first_c[i] : get(as<Param<T>>(a.inner)[(row - 1) * a.hidden + u]);
        unit = lstm_gradient(values, inner, c_before, d, before[i]);
      } else {
        unit = gru_gradient(values, inner, h_before, d);
      }
      before[i] = unit.before;
      put(as<T>(s.previous)[row * a.hidden + u], h_before);
      for (int64_t g = 0; g < gates; ++g) {
        put(as<T>(s.dinput)[(row * gates + g) * a.hidden + u], unit.input[g]);
        if (!lstm) put(as<T>(s.dproduct)[(row * gates + g) * a.hidden + u], unit.product[g]);
        dproduct[static_cast<size_t>(g * a.hidden + u)] = rounded<T>(unit.product[g]);
      }
    }
    for (int64_t k = 0; k < a.hidden; ++k) {
      double sum = lstm ? 0 : before[static_cast<size_t>(k)];
      for (size_t n = 0; n < width; ++n) sum += dproduct[n] * weight_at(a, static_cast<int64_t>(n) * a.hidden + k);
      dh[static_cast<size_t>(k)] = sum;
    }
  }
}

}  // namespace

void recurrent(Stream&, const RecurrentArgs& a) {
  with_type(a.dtype, [&](auto zero) {
    for (int64_t i = 0; i < a.num_runs; ++i) recurrent_run<decltype(zero)>(a, a.runs[i]);
  });
}

void recurrent_backward(Stream&, const RecurrentBackwardArgs& s) {
  with_type(s.forward.dtype, [&](auto zero) {
    for (int64_t i = 0; i < s.forward.num_runs; ++i) backward_run<decltype(zero)>(s, s.forward.runs[i]);
  });
}

}  // namespace malmoi::kernels::ref
