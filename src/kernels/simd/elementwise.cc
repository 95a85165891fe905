// Activations, gates, factors of columns, residual sums: one pass over memory each.
#include "kernels/simd/common.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

constexpr float kTwoSqrt2OverPi = 1.5957691216057308f, kCubic = 0.044715f, kInvSqrt2Pi = 0.3989422804014327f;
constexpr float kMinusLog2E = -1.44269504088896341f;

/// sigmoid(2 sqrt(2/pi) (x + 0.044715 x^3)), by the power of two it is made of.
MALMOI_INLINE Vec gelu_sigmoid(Vec x, Vec squares) {
  Vec z = x * fma(squares, all(kMinusLog2E * kTwoSqrt2OverPi * kCubic), all(kMinusLog2E * kTwoSqrt2OverPi));
  return sigmoid_of_power(z);
}

/// act(x); `kind` is a constant where this is inlined.
template <Activation kind>
MALMOI_INLINE Vec activate(Vec x) {
  if constexpr (kind == Activation::kGelu) return x * normal_cdf(x);
  // 0.5 (1 + tanh(u)) = sigmoid(2 u), which keeps its relative precision where tanh is near -1.
  if constexpr (kind == Activation::kGeluTanh) {
    return x * gelu_sigmoid(x, x * x);
  }
  if constexpr (kind == Activation::kRelu) return max(x, zero());
  if constexpr (kind == Activation::kSilu) return x * sigmoid(x);
  if constexpr (kind == Activation::kTanh) return tanh(x);
  if constexpr (kind == Activation::kSigmoid) return sigmoid(x);
  if constexpr (kind == Activation::kReluSquared) return x * max(x, zero());
  return x;
}

struct WithDerivative {
  Vec value, derivative;
};

template <Activation kind>
MALMOI_INLINE WithDerivative differentiate(Vec x) {
  Vec one = all(1.0f);
  if constexpr (kind == Activation::kGelu) {
    Vec p = normal_cdf(x);
    return {x * p, fma(x * all(kInvSqrt2Pi), exp(all(-0.5f) * x * x), p)};
  }
  if constexpr (kind == Activation::kGeluTanh) {
    Vec squares = x * x, s = gelu_sigmoid(x, squares);
    Vec slope = fma(all(3 * kCubic * kTwoSqrt2OverPi), squares, all(kTwoSqrt2OverPi));
    return {x * s, s * fma(x * (one - s), slope, one)};
  }
  if constexpr (kind == Activation::kRelu) return {max(x, zero()), x > zero() ? one : zero()};
  if constexpr (kind == Activation::kSilu) {
    Vec s = sigmoid(x);
    return {x * s, s * fma(x, one - s, one)};
  }
  if constexpr (kind == Activation::kTanh) {
    Vec t = tanh(x);
    return {t, fnma(t, t, one)};
  }
  if constexpr (kind == Activation::kSigmoid) {
    Vec s = sigmoid(x);
    return {s, s * (one - s)};
  }
  if constexpr (kind == Activation::kReluSquared) {
    Vec positive = max(x, zero());
    return {x * positive, positive + positive};
  }
  return {x, one};
}

/// Calls body(constant) with the activation as a compile-time constant.
template <typename Body>
MALMOI_INLINE void with_activation(Activation kind, const Body& body) {
  switch (kind) {
    case Activation::kNone: return body.template operator()<Activation::kNone>();
    case Activation::kGelu: return body.template operator()<Activation::kGelu>();
    case Activation::kGeluTanh: return body.template operator()<Activation::kGeluTanh>();
    case Activation::kRelu: return body.template operator()<Activation::kRelu>();
    case Activation::kSilu: return body.template operator()<Activation::kSilu>();
    case Activation::kTanh: return body.template operator()<Activation::kTanh>();
    case Activation::kSigmoid: return body.template operator()<Activation::kSigmoid>();
    case Activation::kReluSquared: return body.template operator()<Activation::kReluSquared>();
  }
}

template <typename T, Activation kind>
void activation_array(const ActivationArgs& a) {
  parallel_for(a.n, kGrain, [&](int64_t begin, int64_t end) {
    const T* x = as<T>(a.x) + begin;
    T* y = as<T>(a.y) + begin;
    each_vec(end - begin, [&](int64_t i, auto w) MALMOI_INLINED { store(y + i, activate<kind>(load(x + i, w)), w); });
  });
}

template <typename T, Activation kind>
void activation_backward_array(const ActivationBackwardArgs& a) {
  parallel_for(a.n, kGrain, [&](int64_t begin, int64_t end) {
    const T *x = as<T>(a.x) + begin, *dy = as<T>(a.dy) + begin;
    T* dx = as<T>(a.dx) + begin;
    each_vec(end - begin, [&](int64_t i, auto w) MALMOI_INLINED {
      store(dx + i, differentiate<kind>(load(x + i, w)).derivative * load(dy + i, w), w);
    });
  });
}

template <typename T, Activation kind>
void multiply_rows(const MultiplyArgs& a) {
  parallel_for(a.rows, row_grain(a.cols), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const T *x = as<T>(a.x) + r * a.x_stride, *z = as<T>(a.z) + r * a.z_stride;
      T* y = as<T>(a.y) + r * a.y_stride;
      if (a.one_gate) {
        Vec gate = activate<kind>(all(widen(*z)));
        each_vec(a.cols, [&](int64_t i, auto w) MALMOI_INLINED { store(y + i, gate * load(x + i, w), w); });
        continue;
      }
      each_vec(a.cols, [&](int64_t i, auto w)
                           MALMOI_INLINED { store(y + i, activate<kind>(load(z + i, w)) * load(x + i, w), w); });
    }
  });
}

/// A row with one gate: its gradient is a sum over the row.
template <typename T, Activation kind>
void multiply_backward_row(const MultiplyBackwardArgs& b, const T* x, const T* z, const T* dy, T* dx, T* dz) {
  WithDerivative act = differentiate<kind>(all(widen(*z)));
  Vec sum = zero();
  each_vec(b.forward.cols, [&](int64_t i, auto w) MALMOI_INLINED {
    Vec d = load(dy + i, w);
    sum = fma(d, load(x + i, w), sum);
    store(dx + i, fma(act.value, d, b.accumulate_dx ? load(dx + i, w) : zero()), w);
  });
  Vec before = b.accumulate_dz ? all(widen(*dz)) : zero();
  store(dz, fma(act.derivative, all(reduce_add(sum)), before), Part{1});
}

template <typename T, Activation kind>
void multiply_backward_rows(const MultiplyBackwardArgs& b) {
  const MultiplyArgs& a = b.forward;
  parallel_for(a.rows, row_grain(a.cols), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const T *x = as<T>(a.x) + r * a.x_stride, *z = as<T>(a.z) + r * a.z_stride, *dy = as<T>(b.dy) + r * a.y_stride;
      T *dx = as<T>(b.dx) + r * b.dx_stride, *dz = as<T>(b.dz) + r * b.dz_stride;
      if (a.one_gate) {
        multiply_backward_row<T, kind>(b, x, z, dy, dx, dz);
        continue;
      }
      each_vec(a.cols, [&](int64_t i, auto w) MALMOI_INLINED {
        WithDerivative act = differentiate<kind>(load(z + i, w));
        Vec d = load(dy + i, w), value = load(x + i, w);
        Vec dx_before = b.accumulate_dx ? load(dx + i, w) : zero();
        Vec dz_before = b.accumulate_dz ? load(dz + i, w) : zero();
        store(dz + i, fma(act.derivative * value, d, dz_before), w);
        store(dx + i, fma(act.value, d, dx_before), w);
      });
    }
  });
}

/// A gate that lies before what it gates.
template <typename T>
MultiplyArgs halves_of(const GatedArgs& a) {
  return {.dtype = a.dtype,
          .kind = a.kind,
          .rows = a.rows,
          .cols = a.cols,
          .x_stride = 2 * a.cols,
          .z_stride = 2 * a.cols,
          .y_stride = a.cols,
          .x = as<T>(a.gate_up) + a.cols,
          .z = a.gate_up,
          .y = a.y};
}

template <typename T>
void scale_rows(const ScaleArgs& a) {
  parallel_for(a.rows, row_grain(a.cols), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const T* x = as<T>(a.x) + r * a.cols;
      T* y = as<T>(a.y) + r * a.cols;
      int64_t first = 0;
      for (int k = 0; k < a.num_runs; first += a.runs[k++].columns) {
        if (x == y && a.runs[k].factor == 1.0f) continue;
        Vec factor = all(a.runs[k].factor);
        each_vec(a.runs[k].columns,
                 [&](int64_t i, auto w) MALMOI_INLINED { store(y + first + i, load(x + first + i, w) * factor, w); });
      }
      if (x != y) __builtin_memcpy(y + first, x + first, sizeof(T) * static_cast<size_t>(a.cols - first));
    }
  });
}

template <typename T>
void add_array(const AddArgs& a) {
  parallel_for(a.n, kGrain, [&](int64_t begin, int64_t end) {
    const T *x = a.x ? as<T>(a.x) + begin : nullptr, *delta = as<T>(a.delta) + begin;
    T* y = as<T>(a.y) + begin;
    each_masked(a.dropout, static_cast<uint64_t>(begin), end - begin,
                [&](int64_t i, Vec factor, auto w)
                    MALMOI_INLINED { store(y + i, fma(load(delta + i, w), factor, x ? load(x + i, w) : zero()), w); });
  });
}

}  // namespace

void activation(Stream&, const ActivationArgs& a) {
  with_type(a.dtype, [&](auto type) {
    with_activation(a.kind, [&]<Activation kind>() { activation_array<decltype(type), kind>(a); });
  });
}

void activation_backward(Stream&, const ActivationBackwardArgs& a) {
  with_type(a.dtype, [&](auto type) {
    with_activation(a.kind, [&]<Activation kind>() { activation_backward_array<decltype(type), kind>(a); });
  });
}

void multiply(Stream&, const MultiplyArgs& a) {
  with_type(a.dtype, [&](auto type) {
    with_activation(a.kind, [&]<Activation kind>() { multiply_rows<decltype(type), kind>(a); });
  });
}

void multiply_backward(Stream&, const MultiplyBackwardArgs& b) {
  with_type(b.forward.dtype, [&](auto type) {
    with_activation(b.forward.kind, [&]<Activation kind>() { multiply_backward_rows<decltype(type), kind>(b); });
  });
}

void gated(Stream& stream, const GatedArgs& a) {
  with_type(a.dtype, [&](auto type) { multiply(stream, halves_of<decltype(type)>(a)); });
}

void gated_backward(Stream& stream, const GatedBackwardArgs& a) {
  with_type(a.dtype, [&](auto type) {
    using T = decltype(type);
    MultiplyArgs forward = halves_of<T>({a.dtype, a.kind, a.rows, a.cols, a.gate_up});
    multiply_backward(stream, {.forward = forward,
                               .dy = a.dy,
                               .dx_stride = forward.x_stride,
                               .dz_stride = forward.z_stride,
                               .dx = as<T>(a.dgate_up) + a.cols,
                               .dz = a.dgate_up});
  });
}

void scale(Stream&, const ScaleArgs& a) {
  with_type(a.dtype, [&](auto type) { scale_rows<decltype(type)>(a); });
}

void add(Stream&, const AddArgs& a) {
  with_type(a.dtype, [&](auto type) { add_array<decltype(type)>(a); });
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
