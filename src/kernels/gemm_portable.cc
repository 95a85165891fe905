// Products by straight loops, parallel over rows of C: every type and layout, correct before fast.
#include <algorithm>

#include "base/parallel.h"
#include "kernels/gemm_internal.h"

namespace malmoi::kernels {
namespace {

inline double widen(double x) { return x; }
inline float widen(float x) { return x; }
inline float widen(BF16 x) { return to_float(x); }

template <typename Sum>
Sum load_c(const GemmArgs& g, int64_t i) {
  switch (g.c_type) {
    case DType::kF64: return static_cast<Sum>(static_cast<const double*>(g.c)[i]);
    case DType::kBF16: return static_cast<Sum>(to_float(static_cast<const BF16*>(g.c)[i]));
    default: return static_cast<Sum>(static_cast<const float*>(g.c)[i]);
  }
}

template <typename Sum>
void store_c(const GemmArgs& g, int64_t i, Sum x) {
  switch (g.c_type) {
    case DType::kF64: static_cast<double*>(g.c)[i] = static_cast<double>(x); break;
    case DType::kBF16: static_cast<BF16*>(g.c)[i] = to_bf16(static_cast<float>(x)); break;
    default: static_cast<float*>(g.c)[i] = static_cast<float>(x);
  }
}

/// sum[0..width) += row i of op(A) times columns [begin, begin + width) of op(B), in the order of k.
template <typename T, typename Sum>
void add_row(const GemmArgs& g, int64_t i, int64_t begin, int64_t width, Sum* sum) {
  const T *a = static_cast<const T*>(g.a), *b = static_cast<const T*>(g.b);
  for (int64_t k = 0; k < g.k; ++k) {
    auto x = static_cast<Sum>(widen(g.transpose_a ? a[k * g.lda + i] : a[i * g.lda + k]));
    if (g.transpose_b) {
      for (int64_t j = 0; j < width; ++j) sum[j] += x * static_cast<Sum>(widen(b[(begin + j) * g.ldb + k]));
    } else {
      const T* row = b + k * g.ldb + begin;
      for (int64_t j = 0; j < width; ++j) sum[j] += x * static_cast<Sum>(widen(row[j]));
    }
  }
}

template <typename T, typename Sum>
void run_rows(const GemmArgs& g) {
  constexpr int64_t kWidth = 256;
  parallel_for(g.m, 1, [&](int64_t first, int64_t last) {
    Sum sum[kWidth];
    for (int64_t i = first; i < last; ++i) {
      for (int64_t begin = 0; begin < g.n; begin += kWidth) {
        int64_t width = std::min(kWidth, g.n - begin);
        std::fill(sum, sum + width, Sum{0});
        add_row<T, Sum>(g, i, begin, width, sum);
        for (int64_t j = 0; j < width; ++j) {
          Sum x = sum[j];
          if (g.bias) {
            x += g.a_type == DType::kF64 ? static_cast<Sum>(reinterpret_cast<const double*>(g.bias)[begin + j])
                                         : static_cast<Sum>(g.bias[begin + j]);
          }
          int64_t at = i * g.ldc + begin + j;
          if (g.accumulate) x += load_c<Sum>(g, at);
          store_c<Sum>(g, at, x);
        }
      }
    }
  });
}

void run_portable(const GemmArgs& g) {
  switch (g.a_type) {
    case DType::kF64: return run_rows<double, double>(g);
    case DType::kBF16: return run_rows<BF16, float>(g);
    default: return run_rows<float, float>(g);
  }
}

bool supports_portable(const GemmArgs& g) {
  if (g.a_type != g.b_type) return false;
  if (g.a_type == DType::kF64) return g.c_type == DType::kF64;
  auto narrow = [](DType t) { return t == DType::kF32 || t == DType::kBF16; };
  return narrow(g.a_type) && narrow(g.c_type);
}

}  // namespace

const GemmProvider& portable_provider() {
  static const GemmProvider provider = {"portable", supports_portable, run_portable};
  return provider;
}

}  // namespace malmoi::kernels
