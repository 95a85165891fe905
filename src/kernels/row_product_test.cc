// Products of single rows, and gradients of biases, against the oracle in f64.
#include "kernels/test_support.h"

namespace malmoi::kernels {
namespace {

TEST(Kernels, RowProduct) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (DType w_dtype : {DType::kF32, DType::kBF16, DType::kF16}) {
      for (DType y_dtype : {DType::kF32, DType::kBF16}) {
        for (auto [m, n, k] : {std::array<int64_t, 3>{1, 5, 3}, {7, 37, 130}, {41, 21, 64}, {3, 8, 0}}) {
          Twin x(dtype, m * k, 1), w(w_dtype, n * k, 2), bias(DType::kF32, n, 3), y = Twin::zeros(y_dtype, m * n);
          RowProductArgs a{.dtype = dtype,
                           .w_dtype = w_dtype,
                           .m = m,
                           .n = n,
                           .k = k,
                           .x = x.data(),
                           .w = w.data(),
                           .bias = bias.data(),
                           .y = y.data(),
                           .y_dtype = y_dtype};
          table.row_product(stream(), a);
          std::vector<double> together = y.values();
          for (int64_t i = 0; i < m; ++i) {  // a row alone has the same bits
            a.m = 1, a.x = static_cast<std::byte*>(x.data()) + static_cast<size_t>(i * k) * dtype_size(dtype);
            table.row_product(stream(), a);
            std::vector<double> alone = y.values();
            for (size_t j = 0; j < static_cast<size_t>(n); ++j) {
              ASSERT_EQ(alone[j], together[static_cast<size_t>(i * n) + j]) << name << " row " << i << " of " << m;
            }
            std::copy(together.begin(), together.begin() + n, alone.begin());
          }
          a.m = m, a.x = x.data();
          table.row_product(stream(), a);
          std::vector<float> b(static_cast<size_t>(n));
          for (int64_t j = 0; j < n; ++j) b[static_cast<size_t>(j)] = static_cast<float>(bias.at(j));
          reference_backend().row_product(stream(), {.dtype = DType::kF64,
                                                     .w_dtype = DType::kF64,
                                                     .m = m,
                                                     .n = n,
                                                     .k = k,
                                                     .x = x.oracle(),
                                                     .w = w.oracle(),
                                                     .bias = b.data(),
                                                     .y = y.oracle(),
                                                     .y_dtype = DType::kF64});
          y.expect_close(name + " row product", 1e-4);
        }
      }
    }
  });
}

TEST(Kernels, BiasBackward) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (auto [rows, cols] : {std::pair<int64_t, int64_t>{1, 1}, {0, 5}, {37, 71}, {100, 512}, {301, 1000}}) {
      Twin dy(dtype, rows * cols, 1), dbias(DType::kF32, cols, 2);
      TestScratch scratch(bias_backward_scratch(rows, cols));
      table.bias_backward(stream(), {dtype, rows, cols, dy.data(), dbias.data(), scratch.get()});
      reference_backend().bias_backward(stream(), {DType::kF64, rows, cols, dy.oracle(), dbias.oracle(), nullptr});
      dbias.expect_close(name + " bias", 1e-4);
    }
  });
}

}  // namespace
}  // namespace malmoi::kernels
