// The state space scan: every instruction set against the oracle, the oracle's gradients against differences, and a sequence
// token by token against the same in chunks.
#include "base/parallel.h"
#include "kernels/gradient_check.h"

namespace malmoi::kernels {
namespace {

struct ScanShape {
  int64_t heads, head_dim, groups, state_size, rows;
  float dt_min = 0, dt_max = std::numeric_limits<float>::infinity();
};

/// Buffers of one scan: x, B, C and dt lie beside each other in a row, as one product gives them.
struct ScanData {
  ScanShape shape;
  DType dtype;
  int64_t inner, shared, stride;
  Twin rows, y, a_log, d, dt_bias, state, state_out;

  ScanData(const ScanShape& s, DType type)
      : shape(s),
        dtype(type),
        inner(s.heads * s.head_dim),
        shared(s.groups * s.state_size),
        stride(inner + 2 * shared + s.heads),
        rows(type, s.rows * stride, 1),
        y(Twin::zeros(type, s.rows * inner)),
        a_log(DType::kF32, s.heads, 2, 0.5),
        d(DType::kF32, s.heads, 3),
        dt_bias(DType::kF32, s.heads, 4),
        state(DType::kF32, inner * s.state_size, 5),
        state_out(Twin::zeros(DType::kF32, inner * s.state_size)) {}

  /// Two runs and a row between them that belongs to none; the first begins with a state.
  std::vector<StateRun> runs(bool oracle) { return two_runs(shape.rows, state.side(oracle), state_out.side(oracle)); }
  SsdScanArgs args(bool oracle, const std::vector<StateRun>& spans) {
    return {.dtype = oracle ? DType::kF64 : dtype,
            .heads = shape.heads,
            .head_dim = shape.head_dim,
            .groups = shape.groups,
            .state_size = shape.state_size,
            .x_stride = stride,
            .dt_stride = stride,
            .b_stride = stride,
            .c_stride = stride,
            .y_stride = inner,
            .runs = spans.data(),
            .num_runs = static_cast<int64_t>(spans.size()),
            .rows = shape.rows,
            .x = rows.side(oracle, 0),
            .dt = rows.side(oracle, inner + 2 * shared),
            .b = rows.side(oracle, inner),
            .c = rows.side(oracle, inner + shared),
            .a_log = a_log.side(oracle),
            .d = d.side(oracle),
            .dt_bias = dt_bias.side(oracle),
            .dt_min = shape.dt_min,
            .dt_max = shape.dt_max,
            .y = y.side(oracle)};
  }
};

/// Gradients of everything, those of rows laid out as the rows.
struct ScanGradients {
  Twin rows, a_log, d, dt_bias;
  explicit ScanGradients(ScanData& data)
      : rows(Twin::zeros(data.dtype, data.rows.size())),
        a_log(DType::kF32, data.shape.heads, 6),
        d(DType::kF32, data.shape.heads, 7),
        dt_bias(DType::kF32, data.shape.heads, 8) {}

  SsdScanBackwardArgs args(ScanData& data, bool oracle, const std::vector<StateRun>& spans, Twin& dy, void* scratch) {
    SsdScanArgs forward = data.args(oracle, spans);
    auto like = [&](const void* x) {
      return static_cast<std::byte*>(rows.side(oracle)) +
             (static_cast<const std::byte*>(x) - static_cast<const std::byte*>(forward.x));
    };
    return {.forward = forward,
            .dy = dy.side(oracle),
            .dx_stride = data.stride,
            .ddt_stride = data.stride,
            .db_stride = data.stride,
            .dc_stride = data.stride,
            .dx = like(forward.x),
            .ddt = like(forward.dt),
            .db = like(forward.b),
            .dc = like(forward.c),
            .da_log = a_log.side(oracle),
            .dd = d.side(oracle),
            .ddt_bias = dt_bias.side(oracle),
            .scratch = scratch};
  }
};

void check_scan(const Backend& table, const ScanShape& shape, DType dtype, const std::string& what) {
  ScanData data(shape, dtype);
  std::vector<StateRun> runs = data.runs(false), oracle_runs = data.runs(true);
  SsdScanArgs a = data.args(false, runs);
  TestScratch scratch(ssd_scan_scratch(a));
  a.scratch = scratch.get();
  table.ssd_scan(stream(), a);
  reference_backend().ssd_scan(stream(), data.args(true, oracle_runs));
  data.y.expect_close(what + " y", 2e-4);
  data.state_out.expect_close(what + " state", 1e-4);

  ScanGradients gradients(data);
  bool accumulate = shape.groups > 1;
  if (accumulate) gradients.rows = Twin(dtype, data.rows.size(), 10);
  Twin dy(dtype, data.y.size(), 9);
  SsdScanBackwardArgs b = gradients.args(data, false, runs, dy, nullptr);
  b.accumulate = accumulate;
  TestScratch backward_scratch(ssd_scan_backward_scratch(b.forward));
  b.scratch = backward_scratch.get();
  table.ssd_scan_backward(stream(), b);
  SsdScanBackwardArgs expected = gradients.args(data, true, oracle_runs, dy, nullptr);
  expected.accumulate = accumulate;
  reference_backend().ssd_scan_backward(stream(), expected);
  double slack = 2e-5 * static_cast<double>(shape.head_dim + shape.state_size) * 8;
  gradients.rows.expect_close(what + " gradients of rows", slack, 1e-4);
  gradients.a_log.expect_close(what + " da_log", slack * 4, 2e-4);
  gradients.d.expect_close(what + " dd", slack * 4, 2e-4);
  gradients.dt_bias.expect_close(what + " ddt_bias", slack * 4, 2e-4);
}

TEST(Scan, AgreesWithTheOracle) {
  const ScanShape shapes[] = {{4, 16, 1, 32, 40},       {2, 64, 2, 128, 10}, {3, 5, 1, 7, 100, 0.2f, 1.5f},
                              {6, 24, 3, 18, 33, 0, 1}, {1, 80, 1, 4, 200},  {2, 1, 1, 1, 9},
                              {2, 48, 1, 16, 1}};
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    int number = 0;
    for (const ScanShape& shape : shapes)
      check_scan(table, shape, dtype, name + " scan, shape " + std::to_string(number++));
  });
}

TEST(Scan, TokenByTokenIsTheSameAsInChunks) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (const ScanShape& shape : {ScanShape{3, 32, 1, 16, 150}, ScanShape{2, 10, 1, 6, 70}}) {
      ScanData data(shape, dtype);
      std::vector<StateRun> whole = {{.begin = 0, .length = shape.rows, .state_out = data.state_out.data()}};
      SsdScanArgs a = data.args(false, whole);
      TestScratch scratch(ssd_scan_scratch(a));
      a.scratch = scratch.get();
      table.ssd_scan(stream(), a);
      std::vector<double> expected = data.y.values(), last = data.state_out.values();
      Twin kept = Twin::zeros(DType::kF32, data.state.size());
      for (int64_t t = 0; t < shape.rows; ++t) {
        std::vector<StateRun> one = {{.begin = t, .length = 1, .state_in = kept.data(), .state_out = kept.data()}};
        a.runs = one.data();
        table.ssd_scan(stream(), a);
      }
      EXPECT_EQ(data.y.values(), expected) << name;
      EXPECT_EQ(kept.values(), last) << name;
    }
  });
}

TEST(Scan, GradientsRepeatToTheBit) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    ScanData data({5, 16, 1, 12, 90}, dtype);
    std::vector<StateRun> runs = data.runs(false);
    Twin dy(dtype, data.y.size(), 9);
    auto once = [&] {
      ScanGradients gradients(data);
      SsdScanBackwardArgs b = gradients.args(data, false, runs, dy, nullptr);
      TestScratch scratch(ssd_scan_backward_scratch(b.forward));
      b.scratch = scratch.get();
      table.ssd_scan_backward(stream(), b);
      return std::vector<std::vector<double>>{gradients.rows.values(), gradients.a_log.values()};
    };
    EXPECT_EQ(once(), once()) << name;
  });
}

TEST(Scan, GradientsOfTheOracle) {
  for (const ScanShape& shape : {ScanShape{2, 2, 1, 3, 6}, ScanShape{4, 1, 2, 2, 7, 0.3f, 1.2f}}) {
    ScanData data(shape, DType::kF64);
    std::vector<StateRun> runs = data.runs(true);
    auto values = [](Twin& t) {
      return Values(static_cast<double*>(t.oracle()), static_cast<double*>(t.oracle()) + t.size());
    };
    Twin dy(DType::kF64, data.y.size(), 9);
    auto forward = [&] {
      oracle().ssd_scan(stream(), data.args(true, runs));
      return dot(values(data.y), values(dy));
    };
    ScanGradients gradients(data);
    for (Twin* t : {&gradients.a_log, &gradients.d, &gradients.dt_bias}) *t = Twin::zeros(DType::kF32, shape.heads);
    oracle().ssd_scan_backward(stream(), gradients.args(data, true, runs, dy, nullptr));
    auto check = [&](const char* what, Twin& x, Twin& gradient) {
      double* at = static_cast<double*>(x.oracle());
      for (int64_t i = 0; i < x.size(); ++i) {
        double kept = at[i], slope = 0;
        for (int side : {1, -1}) {
          at[i] = kept + side * 1e-5;
          slope += side * forward() / 2e-5;
        }
        at[i] = kept;
        ASSERT_NEAR(gradient.at(i), slope, 1e-6 * (1 + std::abs(slope))) << what << " element " << i;
      }
    };
    check("rows", data.rows, gradients.rows);
    check("a_log", data.a_log, gradients.a_log);
    check("d", data.d, gradients.d);
    check("dt_bias", data.dt_bias, gradients.dt_bias);
  }
}

}  // namespace
}  // namespace malmoi::kernels
