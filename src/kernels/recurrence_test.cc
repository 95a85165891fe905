// The recurrences along channels of RWKV-4 and Griffin: every instruction set against the oracle, and a sequence row by row
// against the same at once. The oracle's gradients stand against differences where ops are walked (autograd).
#include <array>

#include "kernels/test_support.h"

namespace malmoi::kernels {
namespace {

struct RowsShape {
  int64_t channels, rows;
};
constexpr RowsShape kShapes[] = {{5, 9}, {70, 75}, {64, 34}, {129, 33}, {3, 2}};

/// Runs a kernel of one table on the kernel's buffers, and the oracle's on its own.
template <typename Args>
void run_both(const Backend& table, void (*Backend::*kernel)(Stream&, const Args&),
              const std::function<Args(bool oracle)>& args) {
  (table.*kernel)(stream(), args(false));
  (reference_backend().*kernel)(stream(), args(true));
}

TEST(TokenShift, AgreesWithTheOracle) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (auto [channels, rows] : kShapes) {
      int64_t n = channels * rows;
      Twin x(dtype, n, 1), mix(DType::kF32, 3 * channels, 2, 0.5), state(DType::kF32, channels, 3);
      Twin state_out = Twin::zeros(DType::kF32, channels), dx = Twin::zeros(dtype, n),
           dmix(DType::kF32, 3 * channels, 7);
      std::array<Twin, 3> y{Twin::zeros(dtype, n), Twin::zeros(dtype, n), Twin::zeros(dtype, n)};
      std::array<Twin, 3> dy{Twin(dtype, n, 4), Twin(dtype, n, 5), Twin(dtype, n, 6)};
      std::vector<StateRun> runs[] = {two_runs(rows, state.data(), state_out.data()),
                                      two_runs(rows, state.oracle(), state_out.oracle())};
      auto part = [&, width = channels](Twin& t, bool oracle, int i) {
        return static_cast<std::byte*>(t.side(oracle)) + i * width * (oracle ? 8 : 4);
      };
      auto forward = [&, width = channels](bool oracle) {
        TokenShiftArgs a{.dtype = oracle ? DType::kF64 : dtype,
                         .count = 3,
                         .channels = width,
                         .runs = runs[oracle].data(),
                         .num_runs = 2,
                         .x = x.side(oracle)};
        for (int i = 0; i < 3; ++i) {
          a.mix[i] = part(mix, oracle, i);
          a.y[i] = y[static_cast<size_t>(i)].side(oracle);
        }
        return a;
      };
      run_both<TokenShiftArgs>(table, &Backend::token_shift, forward);
      for (Twin& t : y) t.expect_close(name + " token shift", 2e-5);
      state_out.expect_close(name + " state of a token shift", 0);
      run_both<TokenShiftBackwardArgs>(table, &Backend::token_shift_backward, [&](bool oracle) {
        TokenShiftBackwardArgs b{.forward = forward(oracle), .dx = dx.side(oracle)};
        for (int i = 0; i < 3; ++i) {
          if (i != 1) b.dy[i] = dy[static_cast<size_t>(i)].side(oracle);  // nothing has used the second output
          b.dmix[i] = part(dmix, oracle, i);
        }
        return b;
      });
      dx.expect_close(name + " dx of a token shift", 2e-5);
      dmix.expect_close(name + " shares of a token shift", 2e-4);
    }
  });
}

/// Buffers of one average; keys that reach far beyond what e^k can be.
struct WkvData {
  int64_t channels, rows;
  DType dtype;
  Twin k, v, decay, first, y, state, state_out;
  WkvData(int64_t c, int64_t r, DType type)
      : channels(c),
        rows(r),
        dtype(type),
        k(type, c * r, 1, 40.0),
        v(type, c * r, 2),
        decay(DType::kF32, c, 3),
        first(DType::kF32, c, 4),
        y(Twin::zeros(type, c * r)),
        state(DType::kF32, 3 * c, 5),
        state_out(Twin::zeros(DType::kF32, 3 * c)) {
    for (int64_t i = 0; i < c; ++i) state.at(c + i) = i % 3 == 0 ? 0 : 0.5;  // nothing was added to some
    state.sync();
  }
  WkvArgs args(bool oracle, const std::vector<StateRun>& runs) {
    return {.dtype = oracle ? DType::kF64 : dtype,
            .channels = channels,
            .runs = runs.data(),
            .num_runs = static_cast<int64_t>(runs.size()),
            .k = k.side(oracle),
            .v = v.side(oracle),
            .decay = decay.side(oracle),
            .first = first.side(oracle),
            .y = y.side(oracle)};
  }
};

TEST(Wkv, AgreesWithTheOracle) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (auto [channels, rows] : kShapes) {
      WkvData data(channels, rows, dtype);
      std::vector<StateRun> runs[] = {two_runs(rows, data.state.data(), data.state_out.data()),
                                      two_runs(rows, data.state.oracle(), data.state_out.oracle())};
      auto forward = [&](bool oracle) { return data.args(oracle, runs[oracle]); };
      run_both<WkvArgs>(table, &Backend::wkv, forward);
      data.y.expect_close(name + " average", 2e-5);
      data.state_out.expect_close(name + " sums", 2e-5);
      int64_t n = channels * rows;
      Twin dy(dtype, n, 6), dk = Twin::zeros(dtype, n), dv = Twin::zeros(dtype, n);
      Twin ddecay(DType::kF32, channels, 7), dfirst(DType::kF32, channels, 8);
      TestScratch scratch(wkv_backward_scratch(forward(false)));
      run_both<WkvBackwardArgs>(table, &Backend::wkv_backward, [&](bool oracle) {
        return WkvBackwardArgs{.forward = forward(oracle),
                               .dy = dy.side(oracle),
                               .dk = dk.side(oracle),
                               .dv = dv.side(oracle),
                               .ddecay = ddecay.side(oracle),
                               .dfirst = dfirst.side(oracle),
                               .scratch = scratch.get()};
      });
      dk.expect_close(name + " dk", 1e-4);
      dv.expect_close(name + " dv", 1e-4);
      ddecay.expect_close(name + " ddecay", 2e-4, 2e-4);
      dfirst.expect_close(name + " dfirst", 2e-4, 2e-4);
    }
  });
}

TEST(Wkv, RowByRowIsTheSameAsAllAtOnce) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    WkvData data(21, 40, dtype);
    std::vector<StateRun> whole = {{.begin = 0, .length = 40, .state_out = data.state_out.data()}};
    table.wkv(stream(), data.args(false, whole));
    std::vector<double> expected = data.y.values(), last = data.state_out.values();
    Twin kept = Twin::zeros(DType::kF32, data.state.size());
    for (int64_t t = 0; t < 40; ++t) {
      std::vector<StateRun> one = {{.begin = t, .length = 1, .state_in = kept.data(), .state_out = kept.data()}};
      table.wkv(stream(), data.args(false, one));
    }
    EXPECT_EQ(data.y.values(), expected) << name;
    EXPECT_EQ(kept.values(), last) << name;
  });
}

/// Buffers of one gated recurrence; gates from nearly shut to nearly open, a text that begins within the second run.
struct RgLruData {
  int64_t channels, rows;
  DType dtype;
  Twin x, input_gate, recurrent_gate, param, y, state, state_out;
  std::vector<int32_t> positions;
  RgLruData(int64_t c, int64_t r, DType type)
      : channels(c),
        rows(r),
        dtype(type),
        x(type, c * r, 1),
        input_gate(type, c * r, 2),
        recurrent_gate(type, c * r, 3, 6.0),
        param(DType::kF32, c, 4, 3.0),
        y(Twin::zeros(type, c * r)),
        state(DType::kF32, c, 5),
        state_out(Twin::zeros(DType::kF32, c)) {
    for (int64_t t = 0; t < r; ++t) positions.push_back(t == r / 2 ? 0 : static_cast<int32_t>(t + 1));
  }
  RgLruArgs args(bool oracle, const std::vector<StateRun>& runs) {
    return {.dtype = oracle ? DType::kF64 : dtype,
            .channels = channels,
            .runs = runs.data(),
            .num_runs = static_cast<int64_t>(runs.size()),
            .positions = positions.data(),
            .x = x.side(oracle),
            .input_gate = input_gate.side(oracle),
            .recurrent_gate = recurrent_gate.side(oracle),
            .param = param.side(oracle),
            .y = y.side(oracle)};
  }
};

TEST(RgLru, AgreesWithTheOracle) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (auto [channels, rows] : kShapes) {
      RgLruData data(channels, rows, dtype);
      std::vector<StateRun> runs[] = {two_runs(rows, data.state.data(), data.state_out.data()),
                                      two_runs(rows, data.state.oracle(), data.state_out.oracle())};
      auto forward = [&](bool oracle) { return data.args(oracle, runs[oracle]); };
      run_both<RgLruArgs>(table, &Backend::rg_lru, forward);
      data.y.expect_close(name + " recurrence", 2e-5);
      data.state_out.expect_close(name + " state", 2e-5);
      data.y.sync();  // both read the same states on the way back
      int64_t n = channels * rows;
      Twin dy(dtype, n, 6), dx = Twin::zeros(dtype, n), dinput = Twin::zeros(dtype, n),
                            drecurrent = Twin::zeros(dtype, n);
      Twin dparam(DType::kF32, channels, 7);
      run_both<RgLruBackwardArgs>(table, &Backend::rg_lru_backward, [&](bool oracle) {
        return RgLruBackwardArgs{.forward = forward(oracle),
                                 .dy = dy.side(oracle),
                                 .dx = dx.side(oracle),
                                 .dinput_gate = dinput.side(oracle),
                                 .drecurrent_gate = drecurrent.side(oracle),
                                 .dparam = dparam.side(oracle)};
      });
      dx.expect_close(name + " dx", 2e-4, 1e-4);
      dinput.expect_close(name + " gradient of the input gate", 2e-4, 1e-4);
      drecurrent.expect_close(name + " gradient of the recurrent gate", 1e-3, 1e-3);
      dparam.expect_close(name + " gradient of the decays", 2e-3, 1e-3);
    }
  });
}

TEST(RgLru, RowByRowIsTheSameAsAllAtOnce) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    RgLruData data(21, 40, dtype);
    std::vector<StateRun> whole = {{.begin = 0, .length = 40, .state_out = data.state_out.data()}};
    table.rg_lru(stream(), data.args(false, whole));
    std::vector<double> expected = data.y.values(), last = data.state_out.values();
    Twin kept = Twin::zeros(DType::kF32, data.state.size());
    for (int64_t t = 0; t < 40; ++t) {
      std::vector<StateRun> one = {{.begin = t, .length = 1, .state_in = kept.data(), .state_out = kept.data()}};
      table.rg_lru(stream(), data.args(false, one));
    }
    EXPECT_EQ(data.y.values(), expected) << name;
    EXPECT_EQ(kept.values(), last) << name;
  });
}

TEST(Columns, AreCopiedAndAdded) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (bool accumulate : {false, true}) {
      int64_t rows = 9, cols = 21;
      Twin x(dtype, rows * 30, 1), y(dtype, rows * 24, 2);
      run_both<CopyColumnsArgs>(table, &Backend::copy_columns, [&](bool oracle) {
        return CopyColumnsArgs{.dtype = oracle ? DType::kF64 : dtype,
                               .rows = rows,
                               .cols = cols,
                               .x_stride = 30,
                               .y_stride = 24,
                               .x = x.side(oracle),
                               .y = y.side(oracle),
                               .accumulate = accumulate};
      });
      y.expect_close(name + " columns", 0);
    }
  });
}

}  // namespace
}  // namespace malmoi::kernels
