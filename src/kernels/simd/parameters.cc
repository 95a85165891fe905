// What runs over parameters and their gradients: AdamW, sums of squares, conversions, bias gradients.
#include "kernels/simd/common.h"

namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE {
namespace {

/// Columns [begin, end): rows are added in order, eight at a time so that a sum is loaded and stored once for eight.
template <typename T>
void add_columns(const BiasBackwardArgs& a, int64_t begin, int64_t end) {
  constexpr int64_t kRows = 8;
  float* sums = as<float>(a.dbias) + begin;
  for (int64_t r = 0; r < a.rows; r += kRows) {
    const T* dy = as<T>(a.dy) + r * a.cols + begin;
    int64_t count = min_of(kRows, a.rows - r);
    each_vec(end - begin, [&](int64_t i, auto w) MALMOI_INLINED {
      Vec sum = load(sums + i, w);
      if (count == kRows) {
        for (int64_t j = 0; j < kRows; ++j) sum += load(dy + j * a.cols + i, w);
      } else {
        for (int64_t j = 0; j < count; ++j) sum += load(dy + j * a.cols + i, w);
      }
      store(sums + i, sum, w);
    });
  }
}

typedef float FHalf __attribute__((vector_size(kDoubles * 4)));

double squares_of(const float* x, int64_t n) {
  DVec low{}, high{};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    FHalf a, b;
    __builtin_memcpy(&a, x + i, sizeof a);
    __builtin_memcpy(&b, x + i + kDoubles, sizeof b);
    DVec p = __builtin_convertvector(a, DVec), q = __builtin_convertvector(b, DVec);
    low += p * p;
    high += q * q;
  }
  low += high;
  double sum = 0;
  for (int j = 0; j < kDoubles; ++j) sum += low[j];
  for (; i < n; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  return sum;
}

}  // namespace

void bias_backward(Stream&, const BiasBackwardArgs& a) {
  with_type(a.dtype, [&](auto type) {
    constexpr int64_t kColumns = 64;  // columns go to threads in blocks, so that the order of a sum is that of rows
    int64_t grain = max_of(2, kGrain / (kColumns * max_of(a.rows, 1)));
    parallel_for((a.cols + kColumns - 1) / kColumns, grain, [&](int64_t begin, int64_t end) {
      add_columns<decltype(type)>(a, begin * kColumns, min_of(end * kColumns, a.cols));
    });
  });
}

void adamw(Stream&, const AdamWArgs& a) {
  parallel_for(a.n, kGrain, [&](int64_t begin, int64_t end) {
    Vec beta1 = all(a.beta1), beta2 = all(a.beta2), rest1 = all(1 - a.beta1), rest2 = all(1 - a.beta2);
    Vec scale = all(a.grad_scale), step = all(a.lr / a.bias1), eps = all(a.eps);
    Vec correction = all(1.0f / a.bias2), keep = all(1 - a.lr * a.weight_decay);
    float *p = a.p + begin, *m = a.m + begin, *v = a.v + begin;
    const float* g = a.g + begin;
    BF16* copy = a.copy ? a.copy + begin : nullptr;
    each_vec(end - begin, [&](int64_t i, auto w) MALMOI_INLINED {
      Vec gradient = load(g + i, w) * scale;
      Vec first = fma(beta1, load(m + i, w), rest1 * gradient);
      Vec second = fma(beta2, load(v + i, w), rest2 * gradient * gradient);
      Vec update = step * first / (sqrt(second * correction) + eps);
      Vec next = fma(load(p + i, w), keep, zero() - update);
      store(m + i, first, w);
      store(v + i, second, w);
      store(p + i, next, w);
      if (copy) store(copy + i, next, w);
    });
  });
}

/// Partial sums over parts that depend on n alone, added in order: the same bits on any number of threads.
void sum_of_squares(Stream&, const SumOfSquaresArgs& a) {
  constexpr int64_t kParts = 256, kSmallest = 16384;
  int64_t size = max_of(kSmallest, (a.n / kParts + 64) / 64 * 64), parts = (a.n + size - 1) / size;
  double partial[kParts];
  parallel_for(parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) partial[i] = squares_of(a.x + i * size, min_of(size, a.n - i * size));
  });
  double sum = 0;
  for (int64_t i = 0; i < parts; ++i) sum += partial[i];
  *a.sum += sum;
}

void to_bf16(Stream&, const ToBf16Args& a) {
  parallel_for(a.n, kGrain, [&](int64_t begin, int64_t end) {
    each_vec(end - begin,
             [&](int64_t i, auto w) MALMOI_INLINED { store(a.y + begin + i, load(a.x + begin + i, w), w); });
  });
}

}  // namespace malmoi::kernels::MALMOI_SIMD_NAMESPACE
