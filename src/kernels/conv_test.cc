// Causal convolution and the norm after a gate: every instruction set against the oracle, the oracle's gradients against
// differences, and a sequence in parts against the same in one.
#include "kernels/gradient_check.h"

namespace malmoi::kernels {
namespace {

/// Buffers of one convolution over two runs, the first of which begins with a state.
struct ConvData {
  int64_t channels, taps, rows, x_stride, y_stride;
  DType dtype;
  Twin x, y, weight, bias, state, state_out;

  ConvData(int64_t c, int64_t k, int64_t r, DType type)
      : channels(c),
        taps(k),
        rows(r),
        x_stride(c + 3),
        y_stride(c + 1),
        dtype(type),
        x(type, r * x_stride, 1),
        y(Twin::zeros(type, r * y_stride)),
        weight(DType::kF32, c * k, 2),
        bias(DType::kF32, c, 3),
        state(DType::kF32, (k - 1) * c, 4),
        state_out(Twin::zeros(DType::kF32, (k - 1) * c)) {}

  std::vector<StateRun> runs(bool oracle) {
    int64_t first = rows / 3;
    return {{.begin = 0, .length = first, .state_in = state.side(oracle), .state_out = state_out.side(oracle)},
            {.begin = first, .length = rows - first}};
  }
  CausalConvArgs args(bool oracle, Activation activation, bool has_bias, const std::vector<StateRun>& spans) {
    return {.dtype = oracle ? DType::kF64 : dtype,
            .activation = activation,
            .channels = channels,
            .taps = taps,
            .x_stride = x_stride,
            .y_stride = y_stride,
            .runs = spans.data(),
            .num_runs = static_cast<int64_t>(spans.size()),
            .x = x.side(oracle),
            .weight = weight.side(oracle),
            .bias = has_bias ? bias.side(oracle) : nullptr,
            .y = y.side(oracle)};
  }
};

void check_conv(const Backend& table, ConvData& data, Activation activation, const std::string& what) {
  bool has_bias = activation == Activation::kSilu, accumulate = has_bias;
  std::vector<StateRun> runs = data.runs(false), oracle_runs = data.runs(true);
  table.causal_conv(stream(), data.args(false, activation, has_bias, runs));
  reference_backend().causal_conv(stream(), data.args(true, activation, has_bias, oracle_runs));
  data.y.expect_close(what + " y", 2e-5);
  data.state_out.expect_close(what + " state", 0);

  Twin dy(data.dtype, data.y.size(), 5), dx(data.dtype, data.rows * data.channels, 8);
  Twin dweight(DType::kF32, data.weight.size(), 6), dbias(DType::kF32, data.channels, 7);
  auto backward = [&](bool oracle, const std::vector<StateRun>& spans) {
    return CausalConvBackwardArgs{.forward = data.args(oracle, activation, has_bias, spans),
                                  .dy = dy.side(oracle),
                                  .dx = dx.side(oracle),
                                  .dx_stride = data.channels,
                                  .accumulate = accumulate,
                                  .dweight = dweight.side(oracle),
                                  .dbias = dbias.side(oracle)};
  };
  table.causal_conv_backward(stream(), backward(false, runs));
  reference_backend().causal_conv_backward(stream(), backward(true, oracle_runs));
  dx.expect_close(what + " dx", 2e-5);
  dweight.expect_close(what + " dweight", 2e-4);
  dbias.expect_close(what + " dbias", 2e-4);
}

TEST(CausalConv, AgreesWithTheOracle) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (auto [channels, taps, rows] :
         {std::array<int64_t, 3>{5, 4, 9}, {70, 4, 31}, {129, 2, 4}, {64, 1, 6}, {17, 16, 40}, {33, 4, 2}, {3, 3, 0}}) {
      for (Activation activation : {Activation::kSilu, Activation::kNone}) {
        ConvData data(channels, taps, rows, dtype);
        check_conv(table, data, activation, name + " convolution of " + std::to_string(taps) + " taps");
      }
    }
  });
}

TEST(CausalConv, RowByRowIsTheSameAsAllAtOnce) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    ConvData data(21, 4, 10, dtype);
    std::vector<StateRun> whole = {{.begin = 0, .length = 10, .state_out = data.state_out.data()}};
    table.causal_conv(stream(), data.args(false, Activation::kSilu, true, whole));
    std::vector<double> expected = data.y.values(), last = data.state_out.values();
    Twin kept = Twin::zeros(DType::kF32, data.state_out.size());
    for (int64_t t = 0; t < 10; ++t) {
      std::vector<StateRun> one = {{.begin = t, .length = 1, .state_in = kept.data(), .state_out = kept.data()}};
      table.causal_conv(stream(), data.args(false, Activation::kSilu, true, one));
    }
    EXPECT_EQ(data.y.values(), expected) << name;
    EXPECT_EQ(kept.values(), last) << name;
  });
}

TEST(CausalConv, GradientsOfTheOracle) {
  for (Activation activation : {Activation::kNone, Activation::kSilu}) {
    ConvData data(3, 4, 9, DType::kF64);
    std::vector<StateRun> runs = data.runs(true);
    Values x = random_values(data.x.size(), 1), weight = random_values(data.weight.size(), 2);
    Values bias = random_values(3, 3), y(static_cast<size_t>(data.y.size())), dy = random_values(data.y.size(), 4);
    CausalConvArgs a = data.args(true, activation, true, runs);
    a.x = x.data();
    a.weight = weight.data();
    a.bias = bias.data();
    a.y = y.data();
    auto forward = [&] {
      oracle().causal_conv(stream(), a);
      return dot(y, dy);
    };
    Values dx(x.size()), dweight(weight.size()), dbias(bias.size());
    oracle().causal_conv_backward(stream(), {.forward = a,
                                             .dy = dy.data(),
                                             .dx = dx.data(),
                                             .dx_stride = data.x_stride,
                                             .dweight = dweight.data(),
                                             .dbias = dbias.data()});
    expect_gradient("x", x, dx, forward);
    expect_gradient("weight", weight, dweight, forward);
    expect_gradient("bias", bias, dbias, forward);
  }
}

struct GatedNormCase {
  int64_t rows, cols, groups;
  bool weighted = true, shared = false, norm_first = false;
};

void check_gated_norm(const Backend& table, DType dtype, const GatedNormCase& shape, const std::string& what) {
  auto [rows, cols, groups, weighted, shared, norm_first] = shape;
  int64_t weights = shared ? cols / groups : cols;
  Twin x(dtype, rows * (cols + 2), 1), z(dtype, rows * (cols + 5), 2, 2.0), y = Twin::zeros(dtype, rows * cols);
  Twin weight(DType::kF32, weights, 3), rstd = Twin::zeros(DType::kF32, rows * groups);
  auto args = [&, rows = rows, cols = cols, groups = groups, weighted = weighted, shared = shared,
               norm_first = norm_first](bool oracle) {
    return GatedNormArgs{.dtype = oracle ? DType::kF64 : dtype,
                         .rows = rows,
                         .cols = cols,
                         .groups = groups,
                         .x_stride = cols + 2,
                         .z_stride = cols + 5,
                         .y_stride = cols,
                         .x = x.side(oracle),
                         .z = z.side(oracle),
                         .weight = weighted ? weight.side(oracle) : nullptr,
                         .shared_weight = shared,
                         .norm_first = norm_first,
                         .y = y.side(oracle),
                         .rstd = rstd.side(oracle)};
  };
  table.gated_norm(stream(), args(false));
  reference_backend().gated_norm(stream(), args(true));
  y.expect_close(what + " y", 2e-5);
  rstd.expect_close(what + " rstd", 1e-5);
  rstd.sync();
  Twin dy(dtype, rows * cols, 4), dx = Twin::zeros(dtype, rows * cols), dz(dtype, rows * cols, 6),
                                  dweight(DType::kF32, weights, 5);
  TestScratch scratch(gated_norm_backward_scratch(cols));
  auto backward = [&, cols = cols, weighted = weighted](bool oracle) {
    return GatedNormBackwardArgs{.forward = args(oracle),
                                 .dy = dy.side(oracle),
                                 .dx_stride = cols,
                                 .dz_stride = cols,
                                 .dx = dx.side(oracle),
                                 .dz = dz.side(oracle),
                                 .accumulate_dz = weighted,
                                 .dweight = weighted ? dweight.side(oracle) : nullptr,
                                 .scratch = scratch.get()};
  };
  table.gated_norm_backward(stream(), backward(false));
  reference_backend().gated_norm_backward(stream(), backward(true));
  dx.expect_close(what + " dx", 1e-4);
  dz.expect_close(what + " dz", 2e-4);
  dweight.expect_close(what + " dweight", 2e-4);
}

TEST(GatedNorm, AgreesWithTheOracle) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (auto [rows, cols, groups] :
         {std::array<int64_t, 3>{4, 64, 1}, {9, 66, 2}, {3, 35, 5}, {40, 256, 1}, {0, 8, 1}}) {
      for (int flags = 0; flags < 8; ++flags) {
        GatedNormCase shape{rows, cols, groups, (flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0};
        check_gated_norm(table, dtype, shape, name + " gated norm of " + std::to_string(cols));
      }
    }
  });
}

void check_gated_norm_gradients(bool shared, bool norm_first) {
  constexpr int64_t kRows = 3, kCols = 8, kN = kRows * kCols;
  const int64_t weights = shared ? kCols / 2 : kCols;
  Values x = random_values(kN, 1), z = random_values(kN, 2), weight = random_values(weights, 3), y(kN), rstd(2 * kRows);
  Values dy = random_values(kN, 4), dx(kN), dz(kN), dweight(weight.size());
  GatedNormArgs a{.dtype = DType::kF64,
                  .rows = kRows,
                  .cols = kCols,
                  .groups = 2,
                  .x_stride = kCols,
                  .z_stride = kCols,
                  .y_stride = kCols,
                  .x = x.data(),
                  .z = z.data(),
                  .weight = weight.data(),
                  .shared_weight = shared,
                  .norm_first = norm_first,
                  .y = y.data(),
                  .rstd = rstd.data()};
  auto forward = [&] {
    oracle().gated_norm(stream(), a);
    return dot(y, dy);
  };
  forward();
  oracle().gated_norm_backward(stream(), {.forward = a,
                                          .dy = dy.data(),
                                          .dx_stride = kCols,
                                          .dz_stride = kCols,
                                          .dx = dx.data(),
                                          .dz = dz.data(),
                                          .dweight = dweight.data()});
  expect_gradient("x", x, dx, forward);
  expect_gradient("z", z, dz, forward);
  expect_gradient("weight", weight, dweight, forward);
}

TEST(GatedNorm, GradientsOfTheOracle) {
  for (bool shared : {false, true}) {
    for (bool norm_first : {false, true}) check_gated_norm_gradients(shared, norm_first);
  }
}

}  // namespace
}  // namespace malmoi::kernels
