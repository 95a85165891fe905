// What the scalar oracle's files share: typed access to rows, the dropout mask, and the kernels' declarations.
#pragma once

#include <algorithm>
#include <cmath>

#include "base/rng.h"
#include "kernels/kernels.h"

namespace malmoi::kernels::ref {

inline double get(float x) { return x; }
inline double get(double x) { return x; }
inline double get(BF16 x) { return to_float(x); }
inline void put(float& y, double x) { y = static_cast<float>(x); }
inline void put(double& y, double x) { y = x; }
inline void put(BF16& y, double x) { y = to_bf16(static_cast<float>(x)); }

/// x as it reads back after it was stored as T.
template <typename T>
double rounded(double x) {
  T stored;
  put(stored, x);
  return get(stored);
}

/// The type of parameters, their gradients and statistics beside activations of type T.
template <typename T>
struct ParamOf {
  using Type = float;
};
template <>
struct ParamOf<double> {
  using Type = double;
};
template <typename T>
using Param = typename ParamOf<T>::Type;

template <typename T>
const T* as(const void* p) {
  return static_cast<const T*>(p);
}
template <typename T>
T* as(void* p) {
  return static_cast<T*>(p);
}

/// Adds to element i of a parameter's gradient, where one is asked for.
template <typename P>
void add_to(void* gradient, int64_t i, double x) {
  if (gradient) put(as<P>(gradient)[i], get(as<P>(gradient)[i]) + x);
}
/// Element i of a gradient beside activations of type T: x, or x more where the arguments say that it accumulates.
template <typename T, typename BackwardArgs>
void put_row(const BackwardArgs& s, void* to, int64_t i, double x) {
  T& place = as<T>(to)[i];
  put(place, (s.accumulate ? get(place) : 0) + x);
}

/// Calls body(T{}) with the type of activations.
template <typename Body>
void with_type(DType dtype, const Body& body) {
  switch (dtype) {
    case DType::kF32: return body(float{});
    case DType::kBF16: return body(BF16{});
    case DType::kF64: return body(double{});
    default: return;
  }
}

inline double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
/// log(1 + e^x).
inline double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

/// The factor of element i: 0, or 1 / (1 - p).
inline double dropout_factor(const Dropout& d, uint64_t i) {
  if (d.p <= 0) return 1;
  bool kept = philox(d.seed, d.stream, i / 4)[i % 4] >= static_cast<double>(d.p) * 0x1p32;
  return kept ? 1 / (1 - static_cast<double>(d.p)) : 0;
}

/// act(x) and its derivative, in f64.
double activate(Activation kind, double x);
double activate_derivative(Activation kind, double x);

#define KERNEL(kernel, Args) void kernel(Stream& stream, const Args& args);
#include "kernels/list.inc"
#undef KERNEL

}  // namespace malmoi::kernels::ref
