// Oracle of the norm beside a gate.
#include "kernels/ref/ref.h"

namespace malmoi::kernels::ref {
namespace {

/// One element: what is normed, the gate's value and slope, and the weight's place.
struct Element {
  double x, value, gate, slope;
  int64_t weight_at;
};

template <typename T>
Element element_of(const GatedNormArgs& a, int64_t r, int64_t c) {
  double x = get(as<T>(a.x)[r * a.x_stride + c]), z = get(as<T>(a.z)[r * a.z_stride + c]);
  double gate = activate(Activation::kSilu, z);
  return {x, a.norm_first ? x : x * gate, gate, activate_derivative(Activation::kSilu, z),
          a.shared_weight ? c % (a.cols / a.groups) : c};
}

template <typename T>
double weight_of(const GatedNormArgs& a, const Element& e) {
  return a.weight ? get(as<Param<T>>(a.weight)[e.weight_at]) : 1;
}

template <typename T>
void gated_norm_group(const GatedNormArgs& a, int64_t r, int64_t group) {
  using P = Param<T>;
  int64_t n = a.cols / a.groups, first = group * n;
  double squares = 0;
  for (int64_t c = first; c < first + n; ++c) {
    double value = element_of<T>(a, r, c).value;
    squares += value * value / static_cast<double>(n);
  }
  double rstd = 1 / std::sqrt(squares + static_cast<double>(a.eps));
  if (a.rstd) put(as<P>(a.rstd)[r * a.groups + group], rstd);
  for (int64_t c = first; c < first + n; ++c) {
    Element e = element_of<T>(a, r, c);
    put(as<T>(a.y)[r * a.y_stride + c], e.value * rstd * weight_of<T>(a, e) * (a.norm_first ? e.gate : 1));
  }
}

template <typename T>
void gated_norm_backward_group(const GatedNormBackwardArgs& b, int64_t r, int64_t group) {
  using P = Param<T>;
  const GatedNormArgs& a = b.forward;
  int64_t n = a.cols / a.groups, first = group * n;
  double rstd = get(as<P>(a.rstd)[r * a.groups + group]), mean = 0;
  // The gradient of the normed value.
  auto grad = [&](const Element& e, int64_t c) {
    double dy = get(as<T>(b.dy)[r * a.y_stride + c]) * weight_of<T>(a, e);
    return a.norm_first ? dy * e.gate : dy;
  };
  for (int64_t c = first; c < first + n; ++c) {
    Element e = element_of<T>(a, r, c);
    mean += grad(e, c) * e.value * rstd / static_cast<double>(n);
  }
  for (int64_t c = first; c < first + n; ++c) {
    Element e = element_of<T>(a, r, c);
    double normal = e.value * rstd, d = rstd * (grad(e, c) - normal * mean);
    double dy = get(as<T>(b.dy)[r * a.y_stride + c]);
    if (b.dweight) {
      P& to = as<P>(b.dweight)[e.weight_at];
      put(to, get(to) + dy * normal * (a.norm_first ? e.gate : 1));
    }
    double dgate = a.norm_first ? dy * weight_of<T>(a, e) * normal : d * e.x;
    T& dz = as<T>(b.dz)[r * b.dz_stride + c];
    put(dz, (b.accumulate_dz ? get(dz) : 0) + dgate * e.slope);
    put(as<T>(b.dx)[r * b.dx_stride + c], a.norm_first ? d : d * e.gate);
  }
}

}  // namespace

void gated_norm(Stream&, const GatedNormArgs& a) {
  with_type(a.dtype, [&](auto zero) {
    for (int64_t i = 0; i < a.rows * a.groups; ++i) gated_norm_group<decltype(zero)>(a, i / a.groups, i % a.groups);
  });
}

void gated_norm_backward(Stream&, const GatedNormBackwardArgs& b) {
  with_type(b.forward.dtype, [&](auto zero) {
    int64_t groups = b.forward.groups;
    for (int64_t i = 0; i < b.forward.rows * groups; ++i) {
      gated_norm_backward_group<decltype(zero)>(b, i / groups, i % groups);
    }
  });
}

}  // namespace malmoi::kernels::ref
