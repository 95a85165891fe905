// Oracle of the norms over heads.
#include "kernels/head_norm_layout.h"
#include "kernels/ref/ref.h"

namespace malmoi::kernels::ref {
namespace {

/// Calls body(run, its number, head of the run, head of the row, first column) for each head of a row.
template <typename Body>
void each_head(const HeadNormArgs& a, const Body& body) {
  int64_t head = 0, column = 0;
  for (int i = 0; i < a.num_runs; ++i) {
    const HeadRun& run = a.runs[i];
    column += run.skip;
    for (int64_t h = 0; h < run.heads; ++h) {
      body(run, i, h, head, column);
      ++head;
      column += run.head_dim;
    }
  }
}

/// Columns that no head covers.
template <typename T>
void copy_rest(const HeadNormArgs& a, const T* from, T* to) {
  int64_t first = 0;
  for (int i = 0; i < a.num_runs; ++i) {
    for (int64_t c = first; c < first + a.runs[i].skip; ++c) to[c] = from[c];
    first += a.runs[i].skip + a.runs[i].heads * a.runs[i].head_dim;
  }
  for (int64_t c = first; c < a.cols; ++c) to[c] = from[c];
}

template <typename T>
double weight_of(const HeadNormArgs& a, const HeadRun& run, int64_t at) {
  return run.weight ? get(as<Param<T>>(run.weight)[at]) + static_cast<double>(a.weight_offset) : 1;
}

template <typename T>
void forward_row(const HeadNormArgs& a, int64_t r) {
  using P = Param<T>;
  const T* x = as<T>(a.x) + r * a.x_stride;
  T* y = as<T>(a.y) + r * a.y_stride;
  int64_t heads = all_heads(a);
  each_head(a, [&](const HeadRun& run, int, int64_t h, int64_t head, int64_t column) {
    double n = static_cast<double>(run.head_dim), mean = 0, variance = 0;
    const T* s = x + column;
    if (a.layer) {
      for (int64_t c = 0; c < run.head_dim; ++c) mean += get(s[c]) / n;
    }
    for (int64_t c = 0; c < run.head_dim; ++c) variance += (get(s[c]) - mean) * (get(s[c]) - mean) / n;
    double rstd = 1 / std::sqrt(variance + static_cast<double>(a.eps));
    if (a.layer && a.mean) put(as<P>(a.mean)[r * heads + head], mean);
    if (a.rstd) put(as<P>(a.rstd)[r * heads + head], rstd);
    for (int64_t c = 0; c < run.head_dim; ++c) {
      double bias = run.bias ? get(as<P>(run.bias)[h * run.stride + c]) : 0;
      put(y[column + c], (get(s[c]) - mean) * rstd * weight_of<T>(a, run, h * run.stride + c) + bias);
    }
  });
  copy_rest(a, x, y);
}

template <typename T>
void backward_row(const HeadNormBackwardArgs& b, int64_t r) {
  using P = Param<T>;
  const HeadNormArgs& a = b.forward;
  const T *x = as<T>(a.x) + r * a.x_stride, *dy = as<T>(b.dy) + r * b.dy_stride;
  T* dx = as<T>(b.dx) + r * b.dx_stride;
  int64_t heads = all_heads(a);
  each_head(a, [&](const HeadRun& run, int i, int64_t h, int64_t head, int64_t column) {
    double n = static_cast<double>(run.head_dim), mean_g = 0, mean_gx = 0;
    double mean = a.layer ? get(as<P>(a.mean)[r * heads + head]) : 0, rstd = get(as<P>(a.rstd)[r * heads + head]);
    for (int64_t c = 0; c < run.head_dim; ++c) {
      int64_t at = h * run.stride + c;
      double normal = (get(x[column + c]) - mean) * rstd, d = get(dy[column + c]), g = d * weight_of<T>(a, run, at);
      if (a.layer) mean_g += g / n;
      mean_gx += g * normal / n;
      if (b.dweight[i]) put(as<P>(b.dweight[i])[at], get(as<P>(b.dweight[i])[at]) + d * normal);
      if (b.dbias[i]) put(as<P>(b.dbias[i])[at], get(as<P>(b.dbias[i])[at]) + d);
    }
    for (int64_t c = 0; c < run.head_dim; ++c) {
      double normal = (get(x[column + c]) - mean) * rstd;
      double g = get(dy[column + c]) * weight_of<T>(a, run, h * run.stride + c);
      put(dx[column + c], rstd * (g - mean_g - normal * mean_gx));
    }
  });
  copy_rest(a, dy, dx);
}

}  // namespace

void head_norm(Stream&, const HeadNormArgs& a) {
  with_type(a.dtype, [&](auto zero) {
    for (int64_t r = 0; r < a.rows; ++r) forward_row<decltype(zero)>(a, r);
  });
}

void head_norm_backward(Stream&, const HeadNormBackwardArgs& a) {
  with_type(a.forward.dtype, [&](auto zero) {
    for (int64_t r = 0; r < a.forward.rows; ++r) backward_row<decltype(zero)>(a, r);
  });
}

}  // namespace malmoi::kernels::ref
