// Norms forward and backward against the oracle in f64, with and without a residual, over sizes that are no multiple of a vector.
#include "kernels/test_support.h"

namespace malmoi::kernels {
namespace {

void check_norm(const Backend& table, DType dtype, const std::string& what, int64_t rows, int64_t cols, bool layer,
                bool residual, bool affine, const Dropout& dropout, float delta_scale) {
  Twin x(dtype, rows * cols, 1), delta(dtype, rows * cols, 2), sum = Twin::zeros(dtype, rows * cols);
  Twin y = Twin::zeros(dtype, rows * cols), weight(DType::kF32, cols, 3), bias(DType::kF32, cols, 4);
  Twin mean = Twin::zeros(DType::kF32, rows), rstd = Twin::zeros(DType::kF32, rows);
  auto args = [&](bool oracle) {
    return NormArgs{.dtype = oracle ? DType::kF64 : dtype,
                    .layer = layer,
                    .rows = rows,
                    .cols = cols,
                    .x = x.side(oracle),
                    .delta = residual ? delta.side(oracle) : nullptr,
                    .sum = residual ? sum.side(oracle) : nullptr,
                    .y = y.side(oracle),
                    .weight = affine ? weight.side(oracle) : nullptr,
                    .bias = affine ? bias.side(oracle) : nullptr,
                    .weight_offset = affine ? 1.0f : 0.0f,
                    .mean = layer ? mean.side(oracle) : nullptr,
                    .rstd = rstd.side(oracle),
                    .delta_scale = delta_scale,
                    .dropout = dropout};
  };
  table.norm(stream(), args(false));
  reference_backend().norm(stream(), args(true));
  if (residual) {
    sum.expect_close(what + " sum", 1e-6);
    // The statistics are those of the rounded sum: go on from it.
    std::vector<double> rounded = sum.values();
    for (int64_t i = 0; i < sum.size(); ++i) sum.at(i) = rounded[static_cast<size_t>(i)];
    NormArgs again = args(true);
    again.x = sum.oracle(), again.delta = nullptr, again.sum = nullptr;
    reference_backend().norm(stream(), again);
  } else {
    sum = x;
  }
  y.expect_close(what + " y", 1e-5);
  rstd.expect_close(what + " rstd", 1e-6);
  if (layer) mean.expect_close(what + " mean", 1e-6);
  mean.sync(), rstd.sync();

  Twin dy(dtype, rows * cols, 5), dsum(dtype, rows * cols, 6), dx = Twin::zeros(dtype, rows * cols);
  Twin ddelta = Twin::zeros(dtype, rows * cols), dweight(DType::kF32, cols, 7), dbias(DType::kF32, cols, 8);
  TestScratch scratch(norm_backward_scratch(rows, cols, dtype));
  auto backward = [&](bool oracle) {
    return NormBackwardArgs{.dtype = oracle ? DType::kF64 : dtype,
                            .layer = layer,
                            .rows = rows,
                            .cols = cols,
                            .sum = sum.side(oracle),
                            .dy = dy.side(oracle),
                            .dsum = residual ? dsum.side(oracle) : nullptr,
                            .weight = affine ? weight.side(oracle) : nullptr,
                            .weight_offset = affine ? 1.0f : 0.0f,
                            .mean = mean.side(oracle),
                            .rstd = rstd.side(oracle),
                            .dx = dx.side(oracle),
                            .ddelta = residual ? ddelta.side(oracle) : nullptr,
                            .dweight = affine ? dweight.side(oracle) : nullptr,
                            .dbias = affine ? dbias.side(oracle) : nullptr,
                            .scratch = scratch.get(),
                            .delta_scale = delta_scale,
                            .dropout = dropout};
  };
  table.norm_backward(stream(), backward(false));
  reference_backend().norm_backward(stream(), backward(true));
  double slack = 2e-5 * std::sqrt(static_cast<double>(cols)) + 1e-5;
  dx.expect_close(what + " dx", slack);
  ddelta.expect_close(what + " ddelta", slack);
  dweight.expect_close(what + " dweight", 1e-4);
  dbias.expect_close(what + " dbias", 1e-4);
}

TEST(Kernels, Norm) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (auto [rows, cols] : {std::pair<int64_t, int64_t>{1, 1}, {3, 7}, {5, 64}, {70, 133}, {33, 768}, {0, 16}}) {
      for (int flags = 0; flags < 8; ++flags) {
        for (const Dropout& dropout : kDropouts) {
          if (dropout.p > 0 && !(flags & 2)) continue;
          check_norm(
              table, dtype,
              name + " norm " + std::to_string(rows) + "x" + std::to_string(cols) + " flags " + std::to_string(flags),
              rows, cols, flags & 1, flags & 2, flags & 4, dropout, flags & 4 ? 0.375f : 1.0f);
        }
      }
    }
  });
}

}  // namespace
}  // namespace malmoi::kernels
