// Recurrent layers: cases for the walk over the ops, and a sequence that is continued from its states.
#include <gtest/gtest.h>

#include <cstring>

#include "autograd/op_cases.h"

namespace malmoi::autograd {
namespace {

constexpr int64_t kHeads = 2, kHeadDim = 3, kGroups = 1, kState = 4, kInner = kHeads * kHeadDim;
constexpr int64_t kMixed = kInner + 2 * kGroups * kState;  // x, B and C
constexpr int64_t kProjected = kInner + kMixed + kHeads;   // z, then those, then dt

struct Mixer {
  Parameter *conv, *conv_bias, *a_log, *d, *dt_bias, *norm;
  explicit Mixer(Bench& b)
      : conv(b.parameter(11, {kMixed, 1, 4}, 0, Role::kConvolution)),
        conv_bias(b.parameter(12, {kMixed})),
        a_log(b.parameter(13, {kHeads})),
        d(b.parameter(14, {kHeads})),
        dt_bias(b.parameter(15, {kHeads})),
        norm(b.parameter(16, {kInner}, 1)) {}

  Var scan_of(Context& context, const Columns& mixed, Columns dt, std::span<const Run> runs,
              std::span<float* const> states = {}) const {
    return scan(context, {mixed.rows, mixed.first, kInner}, {mixed.rows, mixed.first + kInner, kState},
                {mixed.rows, mixed.first + kInner + kState, kState}, std::move(dt),
                {.heads = kHeads,
                 .head_dim = kHeadDim,
                 .groups = kGroups,
                 .state_size = kState,
                 .a_log = a_log,
                 .d = d,
                 .dt_bias = dt_bias,
                 .runs = runs,
                 .states = states});
  }
  /// What stands between the two projections of a Mamba-2 layer.
  Var operator()(Context& context, Var projected, std::span<const Run> runs, std::span<float* const> conv_states = {},
                 std::span<float* const> states = {}) const {
    Var mixed =
        causal_conv(context, {projected, kInner, kMixed}, *conv, conv_bias, {.runs = runs, .states = conv_states});
    Var y = scan_of(context, {mixed, 0, kMixed}, {projected, kInner + kMixed, kHeads}, runs, states);
    return gated_norm(context, std::move(y), {std::move(projected), 0, kInner}, norm, {.groups = 2});
  }
};

// q and k of one key head, v of two heads, b and a, beside each other.
constexpr int64_t kDeltaKeys = 3, kDeltaValues = 2 * 2, kDeltaColumns = 2 * kDeltaKeys + kDeltaValues + 4;

DeltaRuleOptions delta_options(Bench& b, int64_t heads, int64_t key_heads, std::span<const Run> runs) {
  return {.heads = heads,
          .value_dim = 2,
          .key_heads = key_heads,
          .key_dim = 3,
          .query_scale = 0.75f,
          .key_scale = 0.5f,
          .a_log = b.parameter(21, {heads}),
          .dt_bias = b.parameter(22, {heads}),
          .runs = runs};
}

Var delta_of(Context& context, const Var& rows, const DeltaRuleOptions& options) {
  return delta_rule(context, {rows, 0, kDeltaKeys}, {rows, kDeltaKeys, kDeltaKeys},
                    {rows, 2 * kDeltaKeys, kDeltaValues}, {rows, 2 * kDeltaKeys + kDeltaValues, 2},
                    {rows, kDeltaColumns - 2, 2}, options);
}

TEST(RecurrentOps, ADeltaRuleGoesOnFromItsState) {
  Bench b(DType::kF32, kernels::cpu_backend());
  constexpr int64_t kRows = 45;
  Var rows = b.input(1, {kRows, kDeltaColumns});
  b.context.tape = nullptr;
  std::vector<autograd::Run> whole = {{0, kRows}};
  DeltaRuleOptions options = delta_options(b, 2, 1, whole);
  std::vector<double> expected = values_of(delta_of(b.context, rows, options).value);
  std::vector<float> state(3 * kDeltaValues);
  std::vector<float*> states = {state.data()};
  std::vector<double> got;
  int64_t begin = 0;
  for (int64_t count : {40, 1, 4}) {  // a prompt, a token, a second prompt
    std::vector<autograd::Run> part = {{0, count}};
    options.runs = part;
    options.states = states;
    for (double v : values_of(delta_of(b.context, {rows.value.rows(begin, count), -1}, options).value))
      got.push_back(v);
    begin += count;
  }
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-5) << i;
}

TEST(RecurrentOps, ASequenceGoesOnFromItsStates) {
  Bench b(DType::kF32, kernels::cpu_backend());
  Mixer mixer(b);
  constexpr int64_t kRows = 9;
  Var projected = b.input(1, {kRows, kProjected});
  b.context.tape = nullptr;
  std::vector<autograd::Run> whole = {{0, kRows}};
  std::vector<double> expected = values_of(mixer(b.context, projected, whole).value);

  std::vector<float> conv_state(3 * kMixed), state(kInner * kState);
  std::vector<float*> conv_states = {conv_state.data()}, states = {state.data()};
  std::vector<double> got;
  for (int64_t begin : {0, 4, 5}) {  // a prompt, a token, a second prompt
    int64_t count = begin == 0 ? 4 : begin == 4 ? 1 : kRows - 5;
    std::vector<autograd::Run> part = {{0, count}};
    Tensor rows = projected.value.rows(begin, count);
    for (double v : values_of(mixer(b.context, {rows, -1}, part, conv_states, states).value)) got.push_back(v);
  }
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_EQ(got[i], expected[i]) << i;
}

// An LSTM's or a GRU's layer of kUnits units.
constexpr int64_t kUnits = 5;

int64_t state_size(kernels::RecurrentCell cell) { return kernels::recurrent_state(cell, kUnits); }
int64_t gates_width(kernels::RecurrentCell cell) { return kernels::recurrent_gates(cell) * kUnits; }

struct CellLayer {
  kernels::RecurrentCell cell;
  const DenseWeight& weight;
  Parameter* bias;
  CellLayer(Bench& b, kernels::RecurrentCell kind)
      : cell(kind), weight(b.weight(11, {gates_width(kind), kUnits})), bias(b.parameter(12, {gates_width(kind)})) {}
  Var operator()(Context& context, Var input, RecurrentOptions options) const {
    options.cell = cell;
    return recurrent(context, std::move(input), weight, bias, options);
  }
};

constexpr kernels::RecurrentCell kCells[] = {kernels::RecurrentCell::kLstm, kernels::RecurrentCell::kGru};

TEST(RecurrentOps, ACellGoesOnFromItsState) {
  for (kernels::RecurrentCell cell : kCells) {
    for (DType type : {DType::kF32, DType::kBF16}) {
      Bench b(type, kernels::cpu_backend());
      CellLayer layer(b, cell);
      Var input = b.input(1, {9, gates_width(cell)});
      b.context.tape = nullptr;
      std::vector<autograd::Run> whole = {{0, 9}};
      std::vector<double> expected = values_of(layer(b.context, input, {.runs = whole}).value), got;
      std::vector<float> state(static_cast<size_t>(state_size(cell)));
      std::vector<float*> states = {state.data()};
      for (auto [begin, count] : {std::pair{0, 4}, {4, 1}, {5, 4}}) {
        std::vector<autograd::Run> part = {{0, count}};
        Var piece{input.value.rows(begin, count), -1};
        for (double v : values_of(layer(b.context, piece, {.runs = part, .states = states}).value)) got.push_back(v);
      }
      EXPECT_EQ(got, expected);
    }
  }
}

// What is learned of a sequence that goes on from a state: the backward pass reads that state again, after the spans that named
// it have ended.
TEST(RecurrentOps, StatesAreReadAgainInTheBackwardPass) {
  for (kernels::RecurrentCell cell : kCells) {
    auto gradients = [&](bool carried) {
      Bench b(DType::kF64, kernels::reference_backend());
      CellLayer layer(b, cell);
      Var input = b.input(1, {3, gates_width(cell)});
      std::vector<float> before(static_cast<size_t>(state_size(cell)), 0.5f), after(before.size());
      Var y;
      std::vector<autograd::Run> runs = {{0, 3}};
      {
        std::vector<float*> states = {before.data()}, next = {after.data()};  // ends before the backward pass
        RecurrentOptions options{.runs = runs};
        if (carried) {
          options.states = states;
          options.next_states = next;
        }
        y = layer(b.context, input, options);
      }
      EXPECT_EQ(before, std::vector<float>(before.size(), 0.5f));
      Tensor g = b.context.temporary(DType::kF64, y.value.shape());
      Bench::fill(g, 3, 0);
      b.tape.give_grad(b.context, y.id, g);
      b.tape.backward(b.context);
      return std::pair{values_of(b.parameters[0]->grad), carried ? after[0] != 0 : true};
    };
    auto [with, left] = gradients(true);
    EXPECT_TRUE(left);
    EXPECT_NE(with, gradients(false).first) << "the first row's h is part of the weight's gradient";
  }
}

// A matrix that kernels cannot read where it lies.
class Unstored final : public Weight {
 public:
  explicit Unstored(const DenseWeight& inside) : inside_(inside) {}
  int64_t out_features() const override { return inside_.out_features(); }
  int64_t in_features() const override { return inside_.in_features(); }
  void product(Context& c, const Tensor& x, Tensor& y, const Parameter* bias) const override {
    inside_.product(c, x, y, bias);
  }
  void product_transposed(Context& c, const Tensor& dy, Tensor& dx, bool accumulate) const override {
    inside_.product_transposed(c, dy, dx, accumulate);
  }
  void accumulate_gradient(Context& c, const Tensor& dy, const Tensor& x) const override {
    inside_.accumulate_gradient(c, dy, x);
  }
  void gather(Context& c, const RowIds& ids, Tensor& y) const override { inside_.gather(c, ids, y); }
  void accumulate_rows(Context& c, const RowIds& ids, const Tensor& dy, float scale,
                       const kernels::Dropout& dropout) const override {
    inside_.accumulate_rows(c, ids, dy, scale, dropout);
  }
  std::span<Parameter* const> parameters() const override { return inside_.parameters(); }

 private:
  const DenseWeight& inside_;
};

TEST(RecurrentOps, AWeightThatIsNotStoredWholeIsMadeRowByRow) {
  std::vector<autograd::Run> runs = {{0, 4}};
  Bench b(DType::kF32, kernels::cpu_backend());
  CellLayer layer(b, kernels::RecurrentCell::kGru);
  Var input = b.input(1, {4, gates_width(layer.cell)});
  b.context.tape = nullptr;
  Var want = layer(b.context, input, {.runs = runs});
  Var got = recurrent(b.context, input, Unstored(layer.weight), layer.bias, {.cell = layer.cell, .runs = runs});
  EXPECT_EQ(values_of(got.value), values_of(want.value));
}

}  // namespace

std::vector<OpCase> recurrent_op_cases() {
  return {
      {"causal_conv", "columns of rows, a row between runs",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 10})};
         Parameter *weight = b.parameter(2, {5, 3}, 0, Role::kConvolution), *bias = b.parameter(3, {5});
         return std::vector<Var>{causal_conv(b.context, {in[0], 4, 5}, *weight, bias, {.runs = kRuns}),
                                 causal_conv(b.context, {in[0], 1, 5}, *weight, nullptr,
                                             {.activation = kernels::Activation::kNone, .runs = kRuns})};
       }},
      {"scan", "operands apart",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 8}), b.input(2, {6, 6}), b.input(3, {6, 7}), b.input(4, {6, 4})};
         return std::vector<Var>{scan(b.context, {in[0], 0, 8}, {in[1], 0, 6}, {in[2], 1, 6}, {in[3], 0, 4},
                                      {.heads = 4,
                                       .head_dim = 2,
                                       .groups = 2,
                                       .state_size = 3,
                                       .dt_min = 0.3f,
                                       .dt_max = 1.5f,
                                       .a_log = b.parameter(5, {4}),
                                       .runs = kRuns})};
       }},
      {"delta_rule", "operands apart",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 7}), b.input(2, {6, 6}), b.input(3, {6, 9}), b.input(4, {6, 4}), b.input(5, {6, 5})};
         return std::vector<Var>{delta_rule(b.context, {in[0], 1, 6}, {in[1], 0, 6}, {in[2], 0, 8}, {in[3], 0, 4},
                                            {in[4], 1, 4}, delta_options(b, 4, 2, kRuns))};
       }},
      {"delta_rule", "columns of one tensor, which gets the gradients of all",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {40, kDeltaColumns})};  // more rows than a chunk has
         static const std::vector<Run> kLong = {{0, 3}, {4, 36}};
         return std::vector<Var>{delta_of(b.context, in[0], delta_options(b, 2, 1, kLong))};
       }},
      {"gated_norm", "norm first, one weight for all groups",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 8}), b.input(2, {6, 11})};
         return std::vector<Var>{
             gated_norm(b.context, in[0], {in[1], 3, 8}, b.parameter(3, {4}, 1), {.groups = 2, .norm_first = true})};
       }},
      {"recurrent", "an LSTM's layer",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 4 * kUnits})};
         return std::vector<Var>{CellLayer(b, kernels::RecurrentCell::kLstm)(b.context, in[0], {.runs = kRuns})};
       }},
      {"recurrent", "a GRU's layer",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 3 * kUnits})};
         return std::vector<Var>{CellLayer(b, kernels::RecurrentCell::kGru)(b.context, in[0], {.runs = kRuns})};
       }},
      {"recurrent", "two layers without a bias, over rows that are used up",
       [](Bench& b, std::vector<Var>& in) {
         static const std::vector<Run> runs = {{0, 4}, {4, 2}};
         in = {b.input(1, {6, 3})};
         const DenseWeight &first = b.weight(2, {4 * kUnits, 3}), &hidden = b.weight(3, {4 * kUnits, kUnits});
         Var y = recurrent(b.context, linear(b.context, in[0], first, nullptr), hidden, nullptr, {.runs = runs});
         const DenseWeight &second = b.weight(4, {3 * kUnits, kUnits}), &last = b.weight(5, {3 * kUnits, kUnits});
         return std::vector<Var>{recurrent(b.context, linear(b.context, std::move(y), second, nullptr), last, nullptr,
                                           {.cell = kernels::RecurrentCell::kGru, .runs = runs})};
       }},
      {"gated_norm", "without a weight",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 8}), b.input(2, {6, 11})};
         return std::vector<Var>{gated_norm(b.context, in[0], {in[1], 3, 8}, nullptr, {})};
       }},
      {"gated_norm", "columns of one tensor, which gets the gradients of all",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, kProjected}), b.input(2, {6, kInner})};
         Mixer m(b);
         return std::vector<Var>{causal_conv(b.context, {in[0], kInner, kMixed}, *m.conv, m.conv_bias, {.runs = kRuns}),
                                 m.scan_of(b.context, {in[0], kInner, kMixed}, {in[0], kInner + kMixed, kHeads}, kRuns),
                                 gated_norm(b.context, in[1], {in[0], 0, kInner}, m.norm, {.groups = 2})};
       }},
  };
}

}  // namespace malmoi::autograd
