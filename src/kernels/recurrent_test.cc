// Recurrent layers: every instruction set against the oracle, the oracle's gradients against differences, and rows whose bits
// depend neither on the rows beside them nor on how their sequence is cut.
#include "kernels/gradient_check.h"

namespace malmoi::kernels {
namespace {

struct CellShape {
  RecurrentCell cell;
  int64_t hidden;
  std::vector<int64_t> lengths;  // of runs; between them lies a row that belongs to none
};

/// Buffers of one layer; every other run begins with a state.
struct CellData {
  CellShape shape;
  DType dtype;
  int64_t gates, rows;
  Twin weight, bias, input, values, inner, y;
  std::vector<std::vector<float>> states, last;
  std::vector<RecurrentRun> runs;

  CellData(const CellShape& s, DType type)
      : shape(s),
        dtype(type),
        gates(recurrent_gates(s.cell)),
        rows(count(s)),
        weight(type, gates * s.hidden * s.hidden, 1, 0.1),
        bias(DType::kF32, gates * s.hidden, 2, 0.5),
        input(type, rows * gates * s.hidden, 3),
        values(Twin::zeros(type, rows * gates * s.hidden)),
        inner(Twin::zeros(DType::kF32, rows * s.hidden)),
        y(Twin::zeros(type, rows * s.hidden)) {
    Rng rng(4);
    auto size = static_cast<size_t>(recurrent_state(s.cell, s.hidden));
    for (size_t i = 0; i < s.lengths.size(); ++i) {
      last.emplace_back(size);
      std::vector<float>& state = states.emplace_back(size);
      for (float& x : state) x = to_float(to_bf16(static_cast<float>(rng.normal() * 0.5)));
    }
    int64_t begin = 0;
    for (size_t i = 0; i < s.lengths.size(); ++i) {
      runs.push_back({.begin = begin, .length = s.lengths[i]});
      if (i % 2 == 0) {
        runs.back().state_in = states[i].data();
        runs.back().state_out = last[i].data();
      }
      begin += s.lengths[i] + 1;
    }
  }
  static int64_t count(const CellShape& s) {
    int64_t rows = 0;
    for (int64_t length : s.lengths) rows += length + 1;
    return rows;
  }
  RecurrentArgs args(bool oracle) {
    return {.dtype = oracle ? DType::kF64 : dtype,
            .w_dtype = oracle ? DType::kF64 : dtype,
            .cell = shape.cell,
            .hidden = shape.hidden,
            .runs = runs.data(),
            .num_runs = static_cast<int64_t>(runs.size()),
            .weight = weight.side(oracle),
            .bias = bias.side(oracle),
            .input = input.side(oracle),
            .gates = values.side(oracle),
            .inner = inner.side(oracle),
            .y = y.side(oracle)};
  }
  void forward(const Backend& table) {
    RecurrentArgs a = args(false);
    TestScratch scratch(recurrent_scratch(a));
    a.scratch = scratch.get();
    table.recurrent(stream(), a);
  }
};

/// Gradients of one layer; those of rows of no run keep what they had.
struct CellGradients {
  Twin dy, dinput, dproduct, previous;
  explicit CellGradients(CellData& d)
      : dy(d.dtype, d.y.size(), 5),
        dinput(d.dtype, d.input.size(), 6),
        dproduct(d.dtype, d.input.size(), 7),
        previous(d.dtype, d.y.size(), 8) {}
  RecurrentBackwardArgs args(CellData& d, bool oracle) {
    return {.forward = d.args(oracle),
            .dy = dy.side(oracle),
            .dinput = dinput.side(oracle),
            .dproduct = d.shape.cell == RecurrentCell::kLstm ? nullptr : dproduct.side(oracle),
            .previous = previous.side(oracle)};
  }
  void backward(const Backend& table, CellData& d) {
    RecurrentBackwardArgs b = args(d, false);
    TestScratch scratch(recurrent_backward_scratch(b.forward));
    b.scratch = scratch.get();
    table.recurrent_backward(stream(), b);
  }
};

void check_cell(const Backend& table, const CellShape& shape, DType dtype, const std::string& what) {
  CellData d(shape, dtype);
  d.forward(table);
  std::vector<std::vector<float>> last = d.last;
  oracle().recurrent(stream(), d.args(true));
  // bf16 rounds h in every row, which the rows behind it read.
  const double slack = dtype == DType::kBF16 ? 0.05 : 2e-5;
  d.y.expect_close(what + " y", slack);
  d.values.expect_close(what + " gates", slack);
  d.inner.expect_close(what + " inner", slack, dtype == DType::kBF16 ? 0.05 : 2e-5);
  for (size_t i = 0; i < last.size(); ++i) {
    for (size_t k = 0; k < last[i].size(); ++k) ASSERT_NEAR(last[i][k], d.last[i][k], slack * 2) << what << " state";
  }
  d.y.sync();  // both go back from the same values
  d.values.sync();
  d.inner.sync();
  CellGradients gradients(d);
  gradients.backward(table, d);
  oracle().recurrent_backward(stream(), gradients.args(d, true));
  gradients.dinput.expect_close(what + " dinput", slack * 2);
  gradients.dproduct.expect_close(what + " dproduct", slack * 2);
  gradients.previous.expect_close(what + " previous", 1e-7);
}

TEST(Recurrent, AgreesWithTheOracle) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (RecurrentCell cell : {RecurrentCell::kLstm, RecurrentCell::kGru}) {
      const CellShape shapes[] = {{cell, 32, {7, 7, 7, 7}},
                                  {cell, 33, {3, 9, 1, 0, 5}},
                                  {cell, 1, {4}},
                                  {cell, 70, {2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2}},
                                  {cell, 100, {6, 6, 6, 6, 6, 6, 6, 6}},
                                  {cell, 200, {3, 4, 3}}};
      int number = 0;
      for (const CellShape& shape : shapes)
        check_cell(table, shape, dtype,
                   name + (cell == RecurrentCell::kLstm ? " lstm " : " gru ") + std::to_string(number++));
    }
  });
}

TEST(Recurrent, WeightsOfAllStoredTypesAreRead) {
  for (const Backend* table : testable_tables()) {
    for (DType stored : {DType::kF32, DType::kBF16, DType::kF16}) {
      for (DType dtype : {DType::kF32, DType::kBF16}) {
        CellData d({RecurrentCell::kLstm, 19, {5, 5}}, dtype);
        Twin weight(stored, d.weight.size(), 9, 0.1);
        auto with_weight = [&](RecurrentArgs a, DType type, const void* values) {
          a.w_dtype = type;
          a.weight = values;
          return a;
        };
        RecurrentArgs a = with_weight(d.args(false), stored, weight.data());
        TestScratch scratch(recurrent_scratch(a));
        a.scratch = scratch.get();
        table->recurrent(stream(), a);
        oracle().recurrent(stream(), with_weight(d.args(true), DType::kF64, weight.oracle()));
        d.y.expect_close(std::string(table->name) + " " + std::string(dtype_name(stored)),
                         dtype == DType::kBF16 ? 0.05 : 2e-5);
      }
    }
  }
}

TEST(Recurrent, RowsDoNotDependOnOthersNorOnHowTheyAreCut) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (RecurrentCell cell : {RecurrentCell::kLstm, RecurrentCell::kGru}) {
      CellData together({cell, 50, {9, 4, 9, 6, 1, 9, 9, 2, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9}}, dtype);
      together.forward(table);
      std::vector<double> want = together.y.values();
      std::vector<float> last = together.last[2];
      CellData alone({cell, 50, {9, 4, 9, 6, 1, 9, 9, 2, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9}}, dtype);
      RecurrentRun run = alone.runs[2];
      std::vector<float> state = alone.states[2];
      for (auto [from, length] : {std::pair{0, 3}, {3, 1}, {4, 0}, {4, 5}}) {
        alone.runs = {
            {.begin = run.begin + from, .length = length, .state_in = state.data(), .state_out = state.data()}};
        alone.forward(table);
      }
      std::vector<double> got = alone.y.values();
      for (int64_t i = run.begin * 50; i < (run.begin + 9) * 50; ++i)
        ASSERT_EQ(got[static_cast<size_t>(i)], want[static_cast<size_t>(i)]) << name << " at " << i;
      EXPECT_EQ(state, last) << name;
    }
  });
}

TEST(Recurrent, GradientsMayTakeTheGatesPlace) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (RecurrentCell cell : {RecurrentCell::kLstm, RecurrentCell::kGru}) {
      CellData d({cell, 40, {6, 3}}, dtype);
      d.forward(table);
      CellGradients apart(d), inside(d);
      apart.backward(table, d);
      RecurrentBackwardArgs b = inside.args(d, false);
      TestScratch scratch(recurrent_backward_scratch(b.forward));
      b.scratch = scratch.get();
      b.dinput = b.forward.gates;
      table.recurrent_backward(stream(), b);
      std::vector<double> want = apart.dinput.values(), got = d.values.values();
      for (const RecurrentRun& run : d.runs) {
        for (int64_t i = run.begin * d.gates * 40; i < (run.begin + run.length) * d.gates * 40; ++i)
          ASSERT_EQ(got[static_cast<size_t>(i)], want[static_cast<size_t>(i)]) << name;
      }
    }
  });
}

TEST(Recurrent, GradientsOfTheOracle) {
  for (RecurrentCell cell : {RecurrentCell::kLstm, RecurrentCell::kGru}) {
    CellData d({cell, 3, {4, 2}}, DType::kF64);
    CellGradients gradients(d);
    for (Twin* t : {&gradients.dinput, &gradients.dproduct, &gradients.previous})
      *t = Twin::zeros(DType::kF64, t->size());  // rows of no run have no gradient
    auto values = [](Twin& t) {
      return Values(static_cast<double*>(t.oracle()), static_cast<double*>(t.oracle()) + t.size());
    };
    auto loss = [&] {
      oracle().recurrent(stream(), d.args(true));
      double sum = 0;
      for (const RecurrentRun& run : d.runs) {
        for (int64_t i = run.begin * 3; i < (run.begin + run.length) * 3; ++i) sum += d.y.at(i) * gradients.dy.at(i);
      }
      return sum;
    };
    loss();
    oracle().recurrent_backward(stream(), gradients.args(d, true));
    Values dproduct = values(cell == RecurrentCell::kLstm ? gradients.dinput : gradients.dproduct);
    Values previous = values(gradients.previous), dinput = values(gradients.dinput);
    const auto width = static_cast<size_t>(d.gates * 3);
    Values dweight(width * 3), dbias(width);
    for (size_t row = 0; row < static_cast<size_t>(d.rows); ++row) {
      for (size_t n = 0; n < width; ++n) {
        dbias[n] += dproduct[row * width + n];
        for (size_t k = 0; k < 3; ++k) dweight[n * 3 + k] += dproduct[row * width + n] * previous[row * 3 + k];
      }
    }
    auto check = [&](const char* what, Twin& x, const Values& gradient) {
      for (int64_t i = 0; i < x.size(); ++i) {
        double kept = x.at(i), slope = 0;
        for (int side : {1, -1}) {
          x.at(i) = kept + side * 1e-5;
          slope += side * loss() / 2e-5;
        }
        x.at(i) = kept;
        ASSERT_NEAR(gradient[static_cast<size_t>(i)], slope, 1e-6 * (1 + std::abs(slope))) << what << " element " << i;
      }
    };
    check("input", d.input, dinput);
    check("weight", d.weight, dweight);
    check("bias", d.bias, dbias);
  }
}

}  // namespace
}  // namespace malmoi::kernels
