// Oracle of what latent attention needs.
#include "kernels/ref/ref.h"

namespace malmoi::kernels::ref {
namespace {

template <typename T>
void latent_keys_head(const LatentKeysArgs& a, int64_t r, int64_t h) {
  int64_t i = r * a.heads + h, key = a.own_dim + a.shared_dim;
  const T *own = as<T>(a.own) + i * (a.own_dim + a.value_dim), *shared = as<T>(a.shared) + r * a.shared_stride;
  for (int64_t c = 0; c < key; ++c) as<T>(a.keys)[i * key + c] = c < a.own_dim ? own[c] : shared[c - a.own_dim];
  for (int64_t c = 0; c < a.value_dim; ++c) as<T>(a.values)[i * a.value_dim + c] = own[a.own_dim + c];
}

template <typename T>
void latent_keys_backward_row(const LatentKeysBackwardArgs& b, int64_t r) {
  const LatentKeysArgs& a = b.forward;
  int64_t width = a.own_dim + a.shared_dim, first = r * a.heads;
  auto dkey = [&](int64_t i, int64_t c) { return b.dkeys ? get(as<T>(b.dkeys)[i * width + c]) : 0; };
  auto dvalue = [&](int64_t i, int64_t c) { return b.dvalues ? get(as<T>(b.dvalues)[i * a.value_dim + c]) : 0; };
  for (int64_t i = first; i < first + a.heads; ++i) {
    T* down = as<T>(b.down) + i * (a.own_dim + a.value_dim);
    for (int64_t c = 0; c < a.own_dim; ++c) put(down[c], dkey(i, c));
    for (int64_t c = 0; c < a.value_dim; ++c) put(down[a.own_dim + c], dvalue(i, c));
  }
  for (int64_t c = 0; c < a.shared_dim; ++c) {
    T& to = as<T>(b.dshared)[r * b.dshared_stride + c];
    double sum = get(to);
    for (int64_t i = first; i < first + a.heads; ++i) sum += dkey(i, a.own_dim + c);
    put(to, sum);
  }
}

template <typename T, typename W>
void head_product_row(const HeadProductArgs& a, int64_t r, int64_t h) {
  const T* x = as<T>(a.x) + r * a.x_stride + h * a.x_head;
  const W* w = as<W>(a.w) + h * a.w_head;
  T* y = as<T>(a.y) + r * a.y_stride + h * a.y_head;
  for (int64_t o = 0; o < a.out; ++o) {
    double sum = 0;
    for (int64_t i = 0; i < a.in; ++i) sum += get(x[i]) * get(w[a.transposed ? i * a.out + o : o * a.in + i]);
    put(y[o], sum);
  }
  for (int64_t c = 0; c < a.tail; ++c) y[a.out + c] = x[a.in + c];
}

}  // namespace

void latent_keys(Stream&, const LatentKeysArgs& a) {
  with_type(a.dtype, [&](auto zero) {
    for (int64_t i = 0; i < a.rows * a.heads; ++i) latent_keys_head<decltype(zero)>(a, i / a.heads, i % a.heads);
  });
}

void latent_keys_backward(Stream&, const LatentKeysBackwardArgs& b) {
  with_type(b.forward.dtype, [&](auto zero) {
    for (int64_t r = 0; r < b.forward.rows; ++r) latent_keys_backward_row<decltype(zero)>(b, r);
  });
}

void head_product(Stream&, const HeadProductArgs& a) {
  with_type(a.dtype, [&](auto x) {
    with_type(a.w_dtype, [&](auto w) {
      for (int64_t i = 0; i < a.rows * a.heads; ++i)
        head_product_row<decltype(x), decltype(w)>(a, i / a.heads, i % a.heads);
    });
  });
}

}  // namespace malmoi::kernels::ref
