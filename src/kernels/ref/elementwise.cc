// Oracle of activations, gates, factors of columns, residual sums and rotary positions.
#include "kernels/ref/ref.h"

namespace malmoi::kernels::ref {
namespace {

constexpr double kSqrt2OverPi = 0.79788456080286535588, kSqrtHalf = 0.70710678118654752440;
constexpr double kInvSqrt2Pi = 0.39894228040143267794, kCubic = 0.044715;

}  // namespace

double activate(Activation kind, double x) {
  switch (kind) {
    case Activation::kNone: return x;
    case Activation::kGelu: return 0.5 * x * std::erfc(-x * kSqrtHalf);
    case Activation::kGeluTanh: return 0.5 * x * (1 + std::tanh(kSqrt2OverPi * (x + kCubic * x * x * x)));
    case Activation::kRelu: return x > 0 ? x : 0;
    case Activation::kSilu: return x / (1 + std::exp(-x));
    case Activation::kTanh: return std::tanh(x);
    case Activation::kSigmoid: return 1 / (1 + std::exp(-x));
    case Activation::kReluSquared: return x > 0 ? x * x : 0;
  }
  return x;
}

double activate_derivative(Activation kind, double x) {
  switch (kind) {
    case Activation::kNone: return 1;
    case Activation::kGelu: return 0.5 * std::erfc(-x * kSqrtHalf) + x * kInvSqrt2Pi * std::exp(-0.5 * x * x);
    case Activation::kGeluTanh: {
      double t = std::tanh(kSqrt2OverPi * (x + kCubic * x * x * x));
      return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * kSqrt2OverPi * (1 + 3 * kCubic * x * x);
    }
    case Activation::kRelu: return x > 0 ? 1 : 0;
    case Activation::kSilu: {
      double s = 1 / (1 + std::exp(-x));
      return s * (1 + x * (1 - s));
    }
    case Activation::kTanh: {
      double t = std::tanh(x);
      return 1 - t * t;
    }
    case Activation::kSigmoid: {
      double s = 1 / (1 + std::exp(-x));
      return s * (1 - s);
    }
    case Activation::kReluSquared: return x > 0 ? 2 * x : 0;
  }
  return 1;
}

void activation(Stream&, const ActivationArgs& a) {
  with_type(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    for (int64_t i = 0; i < a.n; ++i) put(as<T>(a.y)[i], activate(a.kind, get(as<T>(a.x)[i])));
  });
}

void activation_backward(Stream&, const ActivationBackwardArgs& a) {
  with_type(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    for (int64_t i = 0; i < a.n; ++i) {
      put(as<T>(a.dx)[i], activate_derivative(a.kind, get(as<T>(a.x)[i])) * get(as<T>(a.dy)[i]));
    }
  });
}

void gated(Stream&, const GatedArgs& a) {
  with_type(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    for (int64_t r = 0; r < a.rows; ++r) {
      const T *gate = as<T>(a.gate_up) + 2 * r * a.cols, *up = gate + a.cols;
      for (int64_t c = 0; c < a.cols; ++c) put(as<T>(a.y)[r * a.cols + c], activate(a.kind, get(gate[c])) * get(up[c]));
    }
  });
}

void gated_backward(Stream&, const GatedBackwardArgs& a) {
  with_type(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    for (int64_t r = 0; r < a.rows; ++r) {
      const T *gate = as<T>(a.gate_up) + 2 * r * a.cols, *up = gate + a.cols;
      T *dgate = as<T>(a.dgate_up) + 2 * r * a.cols, *dup = dgate + a.cols;
      for (int64_t c = 0; c < a.cols; ++c) {
        double g = get(gate[c]), u = get(up[c]), dy = get(as<T>(a.dy)[r * a.cols + c]);
        put(dgate[c], activate_derivative(a.kind, g) * u * dy);
        put(dup[c], activate(a.kind, g) * dy);
      }
    }
  });
}

void multiply(Stream&, const MultiplyArgs& a) {
  with_type(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    for (int64_t i = 0; i < a.rows * a.cols; ++i) {
      int64_t r = i / a.cols, c = i % a.cols;
      double gate = activate(a.kind, get(as<T>(a.z)[r * a.z_stride + (a.one_gate ? 0 : c)]));
      put(as<T>(a.y)[r * a.y_stride + c], get(as<T>(a.x)[r * a.x_stride + c]) * gate);
    }
  });
}

void multiply_backward(Stream&, const MultiplyBackwardArgs& b) {
  with_type(b.forward.dtype, [&](auto zero) {
    using T = decltype(zero);
    const MultiplyArgs& a = b.forward;
    for (int64_t r = 0; r < a.rows; ++r) {
      double of_row = 0;  // the gradient of a row's one gate
      for (int64_t c = 0; c < a.cols; ++c) {
        double x = get(as<T>(a.x)[r * a.x_stride + c]), z = get(as<T>(a.z)[r * a.z_stride + (a.one_gate ? 0 : c)]);
        double dy = get(as<T>(b.dy)[r * a.y_stride + c]), dgate = activate_derivative(a.kind, z) * x * dy;
        T& dx = as<T>(b.dx)[r * b.dx_stride + c];
        put(dx, (b.accumulate_dx ? get(dx) : 0) + activate(a.kind, z) * dy);
        of_row += dgate;
        if (a.one_gate && c + 1 < a.cols) continue;
        T& dz = as<T>(b.dz)[r * b.dz_stride + (a.one_gate ? 0 : c)];
        put(dz, (b.accumulate_dz ? get(dz) : 0) + (a.one_gate ? of_row : dgate));
      }
    }
  });
}

void scale(Stream&, const ScaleArgs& a) {
  with_type(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    for (int64_t r = 0; r < a.rows; ++r) {
      int64_t c = 0;
      for (int k = 0; k < a.num_runs; ++k) {
        for (int64_t end = c + a.runs[k].columns; c < end; ++c)
          put(as<T>(a.y)[r * a.cols + c], get(as<T>(a.x)[r * a.cols + c]) * static_cast<double>(a.runs[k].factor));
      }
      for (; c < a.cols; ++c) as<T>(a.y)[r * a.cols + c] = as<T>(a.x)[r * a.cols + c];
    }
  });
}

void add(Stream&, const AddArgs& a) {
  with_type(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    for (int64_t i = 0; i < a.n; ++i) {
      double x = a.x ? get(as<T>(a.x)[i]) : 0;
      put(as<T>(a.y)[i], x + dropout_factor(a.dropout, static_cast<uint64_t>(i)) * get(as<T>(a.delta)[i]));
    }
  });
}

void rotary(Stream&, const RotaryArgs& a) {
  with_type(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    int64_t half = a.rotary_dim / 2;
    for (int64_t r = 0; r < a.rows; ++r) {
      for (int64_t h = 0; h < a.heads; ++h) {
        T* x = as<T>(a.x) + r * a.row_stride + h * a.head_dim;
        for (int64_t i = 0; i < half; ++i) {
          double c = static_cast<double>(a.cos[a.positions[r] * half + i]);
          double s = static_cast<double>(a.sin[a.positions[r] * half + i]) * (a.inverse ? -1 : 1);
          T &first = x[a.interleaved ? 2 * i : i], &second = x[a.interleaved ? 2 * i + 1 : i + half];
          double p = get(first), q = get(second);
          put(first, p * c - q * s);
          put(second, q * c + p * s);
        }
      }
    }
  });
}

}  // namespace malmoi::kernels::ref
