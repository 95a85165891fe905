// The gated delta rule: every instruction set against the oracle, the oracle's gradients against differences, and a sequence
// token by token against the same in chunks.
#include "base/parallel.h"
#include "kernels/gradient_check.h"

namespace malmoi::kernels {
namespace {

struct DeltaShape {
  int64_t heads, value_dim, key_heads, key_dim, rows;
};

/// Buffers of one call: q, k, v, b and a lie beside each other in a row.
struct DeltaData {
  DeltaShape shape;
  DType dtype;
  int64_t keys, values, stride;
  Twin rows, y, a_log, dt_bias, state, state_out;

  DeltaData(const DeltaShape& s, DType type)
      : shape(s),
        dtype(type),
        keys(s.key_heads * s.key_dim),
        values(s.heads * s.value_dim),
        stride(2 * keys + values + 2 * s.heads),
        rows(type, s.rows * stride, 1),
        y(Twin::zeros(type, s.rows * values)),
        a_log(DType::kF32, s.heads, 2, 0.5),
        dt_bias(DType::kF32, s.heads, 4),
        state(DType::kF32, values * s.key_dim, 5),
        state_out(Twin::zeros(DType::kF32, values * s.key_dim)) {}

  /// Two runs and a row between them that belongs to none; the first begins with a state.
  std::vector<StateRun> runs(bool oracle) { return two_runs(shape.rows, state.side(oracle), state_out.side(oracle)); }
  DeltaRuleArgs args(bool oracle, const std::vector<StateRun>& spans) {
    // As vectors of about the length that the model gives them.
    auto length = static_cast<float>(std::sqrt(static_cast<double>(shape.key_dim)));
    return {.dtype = oracle ? DType::kF64 : dtype,
            .heads = shape.heads,
            .value_dim = shape.value_dim,
            .key_heads = shape.key_heads,
            .key_dim = shape.key_dim,
            .q_stride = stride,
            .k_stride = stride,
            .v_stride = stride,
            .b_stride = stride,
            .a_stride = stride,
            .y_stride = values,
            .runs = spans.data(),
            .num_runs = static_cast<int64_t>(spans.size()),
            .q = rows.side(oracle, 0),
            .k = rows.side(oracle, keys),
            .v = rows.side(oracle, 2 * keys),
            .b = rows.side(oracle, 2 * keys + values),
            .a = rows.side(oracle, 2 * keys + values + shape.heads),
            .query_scale = 2 / length,
            .key_scale = 1 / length,
            .a_log = a_log.side(oracle),
            .dt_bias = dt_bias.side(oracle),
            .y = y.side(oracle)};
  }
};

/// Gradients of everything, those of rows laid out as the rows.
struct DeltaGradients {
  Twin rows, a_log, dt_bias;
  explicit DeltaGradients(DeltaData& data)
      : rows(Twin::zeros(data.dtype, data.rows.size())),
        a_log(DType::kF32, data.shape.heads, 6),
        dt_bias(DType::kF32, data.shape.heads, 8) {}

  DeltaRuleBackwardArgs args(DeltaData& data, bool oracle, const std::vector<StateRun>& spans, Twin& dy) {
    DeltaRuleArgs forward = data.args(oracle, spans);
    auto like = [&](const void* x) {
      return static_cast<std::byte*>(rows.side(oracle)) +
             (static_cast<const std::byte*>(x) - static_cast<const std::byte*>(forward.q));
    };
    return {.forward = forward,
            .dy = dy.side(oracle),
            .dq_stride = data.stride,
            .dk_stride = data.stride,
            .dv_stride = data.stride,
            .db_stride = data.stride,
            .da_stride = data.stride,
            .dq = like(forward.q),
            .dk = like(forward.k),
            .dv = like(forward.v),
            .db = like(forward.b),
            .da = like(forward.a),
            .da_log = a_log.side(oracle),
            .ddt_bias = dt_bias.side(oracle)};
  }
};

void check_rule(const Backend& table, const DeltaShape& shape, DType dtype, const std::string& what) {
  DeltaData data(shape, dtype);
  std::vector<StateRun> runs = data.runs(false), oracle_runs = data.runs(true);
  DeltaRuleArgs a = data.args(false, runs);
  TestScratch scratch(delta_rule_scratch(a));
  a.scratch = scratch.get();
  table.delta_rule(stream(), a);
  reference_backend().delta_rule(stream(), data.args(true, oracle_runs));
  data.y.expect_close(what + " y", 1e-4, 1e-4);
  data.state_out.expect_close(what + " state", 1e-4, 1e-4);

  DeltaGradients gradients(data);
  bool accumulate = shape.key_heads > 1;
  if (accumulate) gradients.rows = Twin(dtype, data.rows.size(), 10);
  Twin dy(dtype, data.y.size(), 9);
  DeltaRuleBackwardArgs b = gradients.args(data, false, runs, dy);
  b.accumulate = accumulate;
  TestScratch backward_scratch(delta_rule_backward_scratch(b.forward));
  b.scratch = backward_scratch.get();
  table.delta_rule_backward(stream(), b);
  DeltaRuleBackwardArgs expected = gradients.args(data, true, oracle_runs, dy);
  expected.accumulate = accumulate;
  reference_backend().delta_rule_backward(stream(), expected);
  double slack = 1e-5 * static_cast<double>(shape.key_dim + shape.value_dim);
  gradients.rows.expect_close(what + " gradients of rows", slack, 2e-4);
  gradients.a_log.expect_close(what + " da_log", slack * 4, 5e-4);
  gradients.dt_bias.expect_close(what + " ddt_bias", slack * 4, 5e-4);
}

TEST(DeltaRule, AgreesWithTheOracle) {
  const DeltaShape shapes[] = {{4, 16, 2, 32, 40}, {2, 64, 2, 128, 10}, {3, 5, 1, 7, 100}, {6, 24, 3, 18, 120},
                               {1, 80, 1, 4, 200}, {2, 1, 1, 1, 9},     {2, 48, 1, 16, 1}, {2, 12, 1, 8, 5},
                               {2, 32, 1, 64, 4},  {2, 64, 1, 96, 70}};
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    int number = 0;
    for (const DeltaShape& shape : shapes) {
      check_rule(table, shape, dtype, name + " delta rule, shape " + std::to_string(number++));
    }
  });
}

// A state that has decayed away is zero, not the quotient of two.
TEST(DeltaRule, DecaysOfAnySizeLeaveNumbers) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    DeltaData data({2, 16, 1, 16, 70}, dtype);
    for (int64_t head = 0; head < 2; ++head) data.a_log.at(head) = head == 0 ? 6 : -20;
    data.a_log.sync();
    std::vector<StateRun> runs = data.runs(false), oracle_runs = data.runs(true);
    DeltaRuleArgs a = data.args(false, runs);
    TestScratch scratch(delta_rule_scratch(a));
    a.scratch = scratch.get();
    table.delta_rule(stream(), a);
    reference_backend().delta_rule(stream(), data.args(true, oracle_runs));
    data.y.expect_close(name + " y", 2e-4, 2e-4);
    data.state_out.expect_close(name + " state", 2e-4, 2e-4);
  });
}

TEST(DeltaRule, RowByRowIsTheSameAsByChunks) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (const DeltaShape& shape : {DeltaShape{4, 32, 2, 24, 50}, DeltaShape{2, 12, 1, 8, 37}}) {
      DeltaData data(shape, dtype);
      std::vector<StateRun> whole = {{.begin = 0, .length = shape.rows, .state_out = data.state_out.data()}};
      DeltaRuleArgs a = data.args(false, whole);
      TestScratch scratch(delta_rule_scratch(a));
      a.scratch = scratch.get();
      table.delta_rule(stream(), a);
      std::vector<double> expected = data.y.values(), last = data.state_out.values();
      Twin kept = Twin::zeros(DType::kF32, data.state_out.size());
      for (int64_t t = 0; t < shape.rows; ++t) {
        std::vector<StateRun> one = {{.begin = t, .length = 1, .state_in = kept.data(), .state_out = kept.data()}};
        DeltaRuleArgs step = data.args(false, one);
        step.scratch = scratch.get();
        table.delta_rule(stream(), step);
      }
      std::vector<double> got = data.y.values(), state = kept.values();
      double rounding = dtype == DType::kBF16 ? 0x1p-7 : 1e-4;
      for (size_t i = 0; i < got.size(); ++i)
        ASSERT_NEAR(got[i], expected[i], rounding * (1 + std::abs(expected[i]))) << name << " y " << i;
      for (size_t i = 0; i < last.size(); ++i)
        ASSERT_NEAR(state[i], last[i], 1e-4 * (1 + std::abs(last[i]))) << name << " state " << i;
    }
  });
}

TEST(DeltaRule, GradientsRepeatToTheBit) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    DeltaData data({4, 16, 2, 8, 50}, dtype);
    std::vector<StateRun> runs = data.runs(false);
    Twin dy(dtype, data.y.size(), 9);
    auto once = [&] {
      DeltaGradients gradients(data);
      DeltaRuleBackwardArgs b = gradients.args(data, false, runs, dy);
      TestScratch scratch(delta_rule_backward_scratch(b.forward));
      b.scratch = scratch.get();
      table.delta_rule_backward(stream(), b);
      return std::vector<std::vector<double>>{gradients.rows.values(), gradients.a_log.values()};
    };
    EXPECT_EQ(once(), once()) << name;
  });
}

TEST(DeltaRule, GradientsOfTheOracle) {
  for (const DeltaShape& shape : {DeltaShape{2, 2, 1, 3, 7}, DeltaShape{4, 1, 2, 2, 6}}) {
    DeltaData data(shape, DType::kF64);
    std::vector<StateRun> runs = data.runs(true);
    auto values = [](Twin& t) {
      return Values(static_cast<double*>(t.oracle()), static_cast<double*>(t.oracle()) + t.size());
    };
    Twin dy(DType::kF64, data.y.size(), 9);
    auto forward = [&] {
      oracle().delta_rule(stream(), data.args(true, runs));
      return dot(values(data.y), values(dy));
    };
    DeltaGradients gradients(data);
    for (Twin* t : {&gradients.a_log, &gradients.dt_bias}) *t = Twin::zeros(DType::kF32, shape.heads);
    oracle().delta_rule_backward(stream(), gradients.args(data, true, runs, dy));
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
    check("dt_bias", data.dt_bias, gradients.dt_bias);
  }
}

}  // namespace
}  // namespace malmoi::kernels
