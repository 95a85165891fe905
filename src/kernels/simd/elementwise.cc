// Activations, gated activations, residual sums: one pass over memory each.
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
void gated_rows(const GatedArgs& a) {
  parallel_for(a.rows, row_grain(a.cols), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const T *gate = as<T>(a.gate_up) + 2 * r * a.cols, *up = gate + a.cols;
      T* y = as<T>(a.y) + r * a.cols;
      each_vec(a.cols, [&](int64_t i, auto w)
                           MALMOI_INLINED { store(y + i, activate<kind>(load(gate + i, w)) * load(up + i, w), w); });
    }
  });
}

template <typename T, Activation kind>
void gated_backward_rows(const GatedBackwardArgs& a) {
  parallel_for(a.rows, row_grain(a.cols), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const T *gate = as<T>(a.gate_up) + 2 * r * a.cols, *up = gate + a.cols, *dy = as<T>(a.dy) + r * a.cols;
      T *dgate = as<T>(a.dgate_up) + 2 * r * a.cols, *dup = dgate + a.cols;
      each_vec(a.cols, [&](int64_t i, auto w) MALMOI_INLINED {
        WithDerivative act = differentiate<kind>(load(gate + i, w));
        Vec d = load(dy + i, w), u = load(up + i, w);
        store(dgate + i, act.derivative * u * d, w);
        store(dup + i, act.value * d, w);
      });
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

void gated(Stream&, const GatedArgs& a) {
  with_type(a.dtype, [&](auto type) {
    with_activation(a.kind, [&]<Activation kind>() { gated_rows<decltype(type), kind>(a); });
  });
}

void gated_backward(Stream&, const GatedBackwardArgs& a) {
  with_type(a.dtype, [&](auto type) {
    with_activation(a.kind, [&]<Activation kind>() { gated_backward_rows<decltype(type), kind>(a); });
  });
}

void add(Stream&, const AddArgs& a) {
  with_type(a.dtype, [&](auto type) { add_array<decltype(type)>(a); });
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
