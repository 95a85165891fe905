// Activations, gates, sums and rotary embedding against the oracle in f64, over sizes that are no multiple of a vector.
#include "kernels/test_support.h"

namespace malmoi::kernels {
namespace {

constexpr Activation kActivations[] = {Activation::kNone,    Activation::kGelu,       Activation::kGeluTanh,
                                       Activation::kRelu,    Activation::kSilu,       Activation::kTanh,
                                       Activation::kSigmoid, Activation::kReluSquared};

TEST(Kernels, Activations) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (Activation kind : kActivations) {
      std::string what = name + " activation " + std::to_string(static_cast<int>(kind));
      int64_t n = 4099;
      Twin x(dtype, n, 1, 3.0), y = Twin::zeros(dtype, n), dy(dtype, n, 2), dx = Twin::zeros(dtype, n);
      x.at(0) = 0, x.at(1) = 40, x.at(2) = -40, x.at(3) = 1e-3, x.at(4) = -12;
      x.sync();
      table.activation(stream(), {dtype, kind, n, x.data(), y.data()});
      reference_backend().activation(stream(), {DType::kF64, kind, n, x.oracle(), y.oracle()});
      y.expect_close(what, 1e-6, 2e-6);
      table.activation_backward(stream(), {dtype, kind, n, x.data(), dy.data(), dx.data()});
      reference_backend().activation_backward(stream(), {DType::kF64, kind, n, x.oracle(), dy.oracle(), dx.oracle()});
      dx.expect_close(what + " backward", 2e-6, 3e-6);
      table.activation(stream(), {dtype, kind, n, x.data(), x.data()});
      EXPECT_EQ(x.values(), y.values()) << what << " in place";
    }
  });
}

TEST(Kernels, Gated) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (Activation kind : kActivations) {
      std::string what = name + " gated " + std::to_string(static_cast<int>(kind));
      int64_t rows = 13, cols = 77;
      Twin x(dtype, 2 * rows * cols, 1, 2.0), y = Twin::zeros(dtype, rows * cols), dy(dtype, rows * cols, 2);
      Twin dx = Twin::zeros(dtype, 2 * rows * cols);
      table.gated(stream(), {dtype, kind, rows, cols, x.data(), y.data()});
      reference_backend().gated(stream(), {DType::kF64, kind, rows, cols, x.oracle(), y.oracle()});
      y.expect_close(what, 2e-6);
      table.gated_backward(stream(), {dtype, kind, rows, cols, x.data(), dy.data(), dx.data()});
      reference_backend().gated_backward(stream(),
                                         {DType::kF64, kind, rows, cols, x.oracle(), dy.oracle(), dx.oracle()});
      dx.expect_close(what + " backward", 2e-5);
      table.gated_backward(stream(), {dtype, kind, rows, cols, x.data(), dy.data(), x.data()});
      EXPECT_EQ(x.values(), dx.values()) << what << " in place";
    }
  });
}

// Columns of wider rows; a gate for each element, or one for each row.
void check_multiply(const Backend& table, DType dtype, Activation kind, bool one_gate, const std::string& what) {
  int64_t rows = 7, cols = 45, x_stride = 50, z_stride = one_gate ? 3 : 61;
  Twin x(dtype, rows * x_stride, 1), z(dtype, rows * z_stride, 2, 2.0), y = Twin::zeros(dtype, rows * cols);
  Twin dy(dtype, rows * cols, 3), dx(dtype, rows * x_stride, 4), dz(dtype, rows * z_stride, 5);
  auto args = [&](bool oracle) {
    MultiplyArgs forward{.dtype = oracle ? DType::kF64 : dtype,
                         .kind = kind,
                         .rows = rows,
                         .cols = cols,
                         .one_gate = one_gate,
                         .x_stride = x_stride,
                         .z_stride = z_stride,
                         .y_stride = cols,
                         .x = x.side(oracle),
                         .z = z.side(oracle),
                         .y = y.side(oracle)};
    return MultiplyBackwardArgs{.forward = forward,
                                .dy = dy.side(oracle),
                                .dx_stride = x_stride,
                                .dz_stride = z_stride,
                                .dx = dx.side(oracle),
                                .dz = dz.side(oracle),
                                .accumulate_dx = kind == Activation::kSilu,
                                .accumulate_dz = kind != Activation::kNone};
  };
  table.multiply(stream(), args(false).forward);
  reference_backend().multiply(stream(), args(true).forward);
  y.expect_close(what, 2e-6);
  table.multiply_backward(stream(), args(false));
  reference_backend().multiply_backward(stream(), args(true));
  dx.expect_close(what + " dx", 2e-6);
  dz.expect_close(what + " dz", 2e-5);
}

TEST(Kernels, Multiply) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (Activation kind : kActivations) {
      for (bool one_gate : {false, true}) {
        std::string what = name + " multiply " + std::to_string(static_cast<int>(kind));
        check_multiply(table, dtype, kind, one_gate, what + (one_gate ? " by row" : ""));
      }
    }
  });
}

TEST(Kernels, Scale) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    int64_t rows = 5, cols = 83;
    Twin x(dtype, rows * cols, 1), y = Twin::zeros(dtype, rows * cols);
    auto args = [&](DType type, void* from, void* to) {
      ScaleArgs a{.dtype = type, .rows = rows, .cols = cols, .num_runs = 3, .x = from, .y = to};
      a.runs[0] = {33, 0.5f};
      a.runs[1] = {8, 1};
      a.runs[2] = {31, -3};
      return a;
    };
    table.scale(stream(), args(dtype, x.data(), y.data()));
    reference_backend().scale(stream(), args(DType::kF64, x.oracle(), y.oracle()));
    y.expect_close(name + " scale", 0);
    table.scale(stream(), args(dtype, x.data(), x.data()));
    EXPECT_EQ(x.values(), y.values()) << name << " in place";
  });
}

TEST(Kernels, AddWithDropout) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (const Dropout& dropout : kDropouts) {
      for (bool has_x : {true, false}) {
        int64_t n = 20011;
        Twin x(dtype, n, 1), delta(dtype, n, 2), y = Twin::zeros(dtype, n);
        table.add(stream(), {dtype, n, has_x ? x.data() : nullptr, delta.data(), y.data(), dropout});
        reference_backend().add(stream(),
                                {DType::kF64, n, has_x ? x.oracle() : nullptr, delta.oracle(), y.oracle(), dropout});
        y.expect_close(name + " add", 1e-6);
        if (dropout.p <= 0 || has_x) continue;
        std::vector<double> got = y.values();
        auto dropped = std::count(got.begin(), got.end(), 0.0);
        EXPECT_NEAR(static_cast<double>(dropped) / static_cast<double>(n), 0.3, 0.02);
      }
    }
  });
}

TEST(Kernels, Rotary) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (bool interleaved : {false, true}) {
      for (int64_t rotary_dim : {int64_t{22}, int64_t{32}, int64_t{0}}) {
        int64_t rows = 9, heads = 3, head_dim = 34, stride = 120;
        Twin x(dtype, rows * stride, 1);
        std::vector<float> cos, sin;
        for (int i = 0; i < 16 * 16; ++i) cos.push_back(std::cos(0.1f * i)), sin.push_back(std::sin(0.1f * i));
        std::vector<int32_t> positions = {0, 1, 2, 3, 15, 7, 6, 5, 4}, lengths = {5, 5, 6, 6, 5, 7, 7, 5, 7};
        RotaryArgs a{.dtype = dtype,
                     .x = x.data(),
                     .rows = rows,
                     .row_stride = stride,
                     .heads = heads,
                     .head_dim = head_dim,
                     .rotary_dim = rotary_dim,
                     .interleaved = interleaved,
                     .positions = positions.data(),
                     .cos = cos.data(),
                     .sin = sin.data(),
                     .long_texts = {interleaved ? nullptr : lengths.data(), 5, 8}};
        Twin before = x;
        table.rotary(stream(), a);
        RotaryArgs o = a;
        o.dtype = DType::kF64, o.x = x.oracle();
        reference_backend().rotary(stream(), o);
        x.expect_close(name + " rotary", 1e-6);
        a.x = x.data(), a.inverse = true;
        table.rotary(stream(), a);
        std::vector<double> back = x.values();
        for (int64_t i = 0; i < x.size(); ++i) {
          ASSERT_NEAR(back[static_cast<size_t>(i)], before.at(i), dtype == DType::kBF16 ? 0.04 : 1e-5) << name;
        }
      }
    }
  });
}

}  // namespace
}  // namespace malmoi::kernels
