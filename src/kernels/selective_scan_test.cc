// Mamba's selective scan: every instruction set against the oracle, the oracle's gradients against differences, and a sequence
// token by token against the same in chunks.
#include "kernels/gradient_check.h"

namespace malmoi::kernels {
namespace {

struct SelectiveShape {
  int64_t channels, state_size, rows;
};

/// Buffers of one scan over two runs with a row between them that belongs to none: x, dt, B and C lie beside each other in a
/// row; the first run begins with a state.
struct SelectiveData {
  SelectiveShape shape;
  DType dtype;
  int64_t stride;
  Twin rows, y, a_log, d, state, state_out;

  SelectiveData(const SelectiveShape& s, DType type)
      : shape(s),
        dtype(type),
        stride(2 * s.channels + 2 * s.state_size + 1),
        rows(type, s.rows * stride, 1),
        y(Twin::zeros(type, s.rows * s.channels)),
        a_log(DType::kF32, s.channels * s.state_size, 2, 0.5),
        d(DType::kF32, s.channels, 3),
        state(DType::kF32, s.channels * s.state_size, 4),
        state_out(Twin::zeros(DType::kF32, s.channels * s.state_size)) {}

  std::vector<StateRun> runs(bool oracle) { return two_runs(shape.rows, state.side(oracle), state_out.side(oracle)); }
  SelectiveScanArgs args(bool oracle, const std::vector<StateRun>& spans) {
    return {.dtype = oracle ? DType::kF64 : dtype,
            .channels = shape.channels,
            .state_size = shape.state_size,
            .x_stride = stride,
            .dt_stride = stride,
            .b_stride = stride,
            .c_stride = stride,
            .y_stride = shape.channels,
            .runs = spans.data(),
            .num_runs = static_cast<int64_t>(spans.size()),
            .rows = shape.rows,
            .x = rows.side(oracle, 0),
            .dt = rows.side(oracle, shape.channels),
            .b = rows.side(oracle, 2 * shape.channels),
            .c = rows.side(oracle, 2 * shape.channels + shape.state_size),
            .a_log = a_log.side(oracle),
            .d = d.side(oracle),
            .y = y.side(oracle)};
  }
};

/// Gradients of everything, those of rows laid out as the rows.
struct SelectiveGradients {
  Twin rows, a_log, d;
  SelectiveGradients(SelectiveData& data, bool zeros)
      : rows(zeros ? Twin::zeros(data.dtype, data.rows.size()) : Twin(data.dtype, data.rows.size(), 10)),
        a_log(zeros ? Twin::zeros(DType::kF32, data.a_log.size()) : Twin(DType::kF32, data.a_log.size(), 6)),
        d(zeros ? Twin::zeros(DType::kF32, data.d.size()) : Twin(DType::kF32, data.d.size(), 7)) {}

  SelectiveScanBackwardArgs args(SelectiveData& data, bool oracle, const std::vector<StateRun>& spans, Twin& dy,
                                 void* scratch) {
    SelectiveScanArgs forward = data.args(oracle, spans);
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
            .scratch = scratch};
  }
};

void check_selective(const Backend& table, const SelectiveShape& shape, DType dtype, bool accumulate,
                     const std::string& what) {
  SelectiveData data(shape, dtype);
  std::vector<StateRun> runs = data.runs(false), oracle_runs = data.runs(true);
  table.selective_scan(stream(), data.args(false, runs));
  reference_backend().selective_scan(stream(), data.args(true, oracle_runs));
  data.y.expect_close(what + " y", 2e-4);
  data.state_out.expect_close(what + " state", 1e-4);

  SelectiveGradients gradients(data, !accumulate);
  Twin dy(dtype, data.y.size(), 9);
  SelectiveScanBackwardArgs b = gradients.args(data, false, runs, dy, nullptr);
  b.accumulate = accumulate;
  TestScratch scratch(selective_scan_backward_scratch(b.forward));
  b.scratch = scratch.get();
  table.selective_scan_backward(stream(), b);
  SelectiveScanBackwardArgs expected = gradients.args(data, true, oracle_runs, dy, nullptr);
  expected.accumulate = accumulate;
  reference_backend().selective_scan_backward(stream(), expected);
  double slack = 2e-5 * static_cast<double>(shape.channels + shape.state_size) * 4;
  gradients.rows.expect_close(what + " gradients of rows", slack, 1e-4);
  gradients.a_log.expect_close(what + " da_log", slack, 2e-4);
  gradients.d.expect_close(what + " dd", slack, 2e-4);
}

TEST(SelectiveScan, AgreesWithTheOracle) {
  const SelectiveShape shapes[] = {{5, 3, 9}, {70, 16, 45}, {64, 16, 110}, {33, 6, 34}, {16, 20, 3}, {1, 1, 2}};
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    int number = 0;
    for (const SelectiveShape& shape : shapes) {
      std::string what = name + " selective scan, shape " + std::to_string(number++);
      check_selective(table, shape, dtype, number % 2 == 0, what);
    }
  });
}

TEST(SelectiveScan, TokenByTokenIsTheSameAsInChunks) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    SelectiveData data({37, 16, 70}, dtype);
    std::vector<StateRun> whole = {{.begin = 0, .length = 70, .state_out = data.state_out.data()}};
    table.selective_scan(stream(), data.args(false, whole));
    std::vector<double> expected = data.y.values(), last = data.state_out.values();
    Twin kept = Twin::zeros(DType::kF32, data.state.size());
    for (int64_t t = 0; t < 70; ++t) {
      std::vector<StateRun> one = {{.begin = t, .length = 1, .state_in = kept.data(), .state_out = kept.data()}};
      table.selective_scan(stream(), data.args(false, one));
    }
    EXPECT_EQ(data.y.values(), expected) << name;
    EXPECT_EQ(kept.values(), last) << name;
  });
}

TEST(SelectiveScan, GradientsRepeatToTheBit) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    SelectiveData data({50, 5, 70}, dtype);
    std::vector<StateRun> runs = data.runs(false);
    Twin dy(dtype, data.y.size(), 9);
    auto once = [&] {
      SelectiveGradients gradients(data, true);
      SelectiveScanBackwardArgs b = gradients.args(data, false, runs, dy, nullptr);
      TestScratch scratch(selective_scan_backward_scratch(b.forward));
      b.scratch = scratch.get();
      table.selective_scan_backward(stream(), b);
      return std::vector<std::vector<double>>{gradients.rows.values(), gradients.a_log.values()};
    };
    EXPECT_EQ(once(), once()) << name;
  });
}

TEST(SelectiveScan, GradientsOfTheOracle) {
  SelectiveData data({3, 2, 7}, DType::kF64);
  std::vector<StateRun> runs = data.runs(true);
  auto values = [](Twin& t) {
    return Values(static_cast<double*>(t.oracle()), static_cast<double*>(t.oracle()) + t.size());
  };
  Twin dy(DType::kF64, data.y.size(), 9);
  auto loss = [&] {
    oracle().selective_scan(stream(), data.args(true, runs));
    return dot(values(data.y), values(dy));
  };
  SelectiveGradients gradients(data, true);
  oracle().selective_scan_backward(stream(), gradients.args(data, true, runs, dy, nullptr));
  for (auto [what, x, gradient] : {std::tuple{"rows", &data.rows, &gradients.rows},
                                   {"a_log", &data.a_log, &gradients.a_log},
                                   {"d", &data.d, &gradients.d}}) {
    auto* at = static_cast<double*>(x->oracle());
    for (int64_t i = 0; i < x->size(); ++i) {
      double kept = at[i], slope = 0;
      for (int side : {1, -1}) {
        at[i] = kept + side * 1e-5;
        slope += side * loss() / 2e-5;
      }
      at[i] = kept;
      ASSERT_NEAR(gradient->at(i), slope, 1e-6 * (1 + std::abs(slope))) << what << " element " << i;
    }
  }
}

}  // namespace
}  // namespace malmoi::kernels
