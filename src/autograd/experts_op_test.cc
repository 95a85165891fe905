// Experts: cases for the walk over the ops, and what the op promises of idle and frozen experts, memory and balance.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "autograd/op_cases.h"

namespace malmoi::autograd {
namespace {

// The weight that the walk gives to the second output, here the balance loss.
const double kBalanceScale = to_float(to_bf16(static_cast<float>(std::sin(4.1))));

OpCase experts_case(const char* name, const ExpertsOptions& options, bool gated, bool balanced, bool biased = false) {
  return {"experts", name, [=](Bench& b, std::vector<Var>& in) {
            constexpr int64_t kWidth = 8, kInner = 5;
            in = {b.input(1, {6, kWidth})};
            ExpertsOptions o = options;
            o.weights = b.experts(o.experts, {gated ? 2 * kInner : kInner, kWidth}, {kWidth, kInner});
            if (biased) o.choice_bias = b.parameter(24, {o.experts}, 0, Role::kVector);
            if (balanced) {
              b.context.balance = &b.balance;
              b.balance.begin();
            }
            std::vector<Var> out{experts(b.context, in[0], o)};
            if (!balanced) return out;
            Tensor loss = b.context.temporary(b.context.statistics_type(), {1});
            double value = b.balance.loss(kBalanceScale);
            b.context.step("loss", 0, [&] { convert(&value, DType::kF64, loss.data(), loss.dtype(), 1); });
            out.push_back({loss, b.tape.new_id()});
            return out;
          }};
}

// The same gradient for all of y, which is not held any longer then, as in a model.
void give_grad(Bench& b, Var y, float value) {
  Tensor dy = b.context.temporary(DType::kF32, y.value.shape());
  std::fill_n(dy.as<float>(), dy.elements(), value);
  b.tape.give_grad(b.context, y.id, std::move(dy));
}

// Two experts for each of six rows, and everything that the tests below look at.
struct ExpertsRun {
  Bench b{DType::kF32, kernels::cpu_backend()};
  ExpertsOptions options{.experts = 4, .top_k = 2};
  Var x;

  ExpertsRun() {
    x = b.input(1, {6, 8});
    options.weights = b.experts(4, {10, 8}, {8, 5});
  }
  Parameter& router() { return *b.parameters[0]; }
  Parameter& up() { return *b.parameters[1]; }
  Parameter& down() { return *b.parameters[2]; }
  /// Rows go to the experts with the largest of these, the same for every row.
  void send_all(const std::vector<float>& logits) {
    Tensor &w = router().compute, &rows = x.value;
    std::memset(w.data(), 0, w.bytes());
    for (int64_t e = 0; e < 4; ++e) w.as<float>()[e * 8] = logits[static_cast<size_t>(e)];
    for (int64_t r = 0; r < 6; ++r) rows.as<float>()[r * 8] = 1;
  }
  void forward_and_backward() {
    give_grad(b, experts(b.context, x, options), 1);
    b.tape.backward(b.context);
  }
};

double sum_of_squares(const Tensor& t, int64_t expert) {
  double sum = 0;
  for (double v : values_of(t.rows(expert, 1))) sum += v * v;
  return sum;
}

TEST(ExpertsOp, AnIdleExpertsGradientIsZero) {
  ExpertsRun run;
  for (Parameter* p : {&run.up(), &run.down()}) {  // what an earlier step left
    for (int64_t i = 0; i < p->grad.elements(); ++i) p->grad.as<float>()[i] = 7;
  }
  run.send_all({1, 0, 2, 0.5f});
  run.forward_and_backward();
  for (Parameter* p : {&run.up(), &run.down()}) {
    EXPECT_GT(sum_of_squares(p->grad, 0), 0);
    EXPECT_EQ(sum_of_squares(p->grad, 1), 0);
    EXPECT_GT(sum_of_squares(p->grad, 2), 0);
    EXPECT_EQ(sum_of_squares(p->grad, 3), 0);
    EXPECT_EQ(p->pending, 0);
  }
}

TEST(ExpertsOp, FrozenWeightsFormNoGradient) {
  ExpertsRun run;
  run.up().trainable = false;
  run.down().trainable = false;
  run.forward_and_backward();
  EXPECT_FALSE(run.up().grad_ready);
  EXPECT_FALSE(run.down().grad_ready);
  EXPECT_TRUE(run.router().grad_ready);
  EXPECT_TRUE(run.b.tape.has_grad(run.x.id)) << "the gradient passes through them";
}

TEST(ExpertsOp, MemoryIsTheSameWhateverTheRouting) {
  std::vector<size_t> peaks;
  for (const std::vector<float>& logits :
       {std::vector<float>{1, 0, 2, 0.5f}, std::vector<float>{0, 3, 1, 0}, std::vector<float>{}}) {
    ExpertsRun run;
    if (!logits.empty()) run.send_all(logits);
    run.forward_and_backward();
    peaks.push_back(run.b.arena.peak());
  }
  EXPECT_EQ(peaks[0], peaks[1]);
  EXPECT_EQ(peaks[0], peaks[2]);
}

// experts * sum of f_e P_e over all layers' rows that are no padding, by hand.
TEST(ExpertsOp, BalanceLossIsOverTheCountedRowsOfAllLayers) {
  RouterBalance balance;
  std::vector<uint8_t> counted = {1, 1, 0};
  balance.begin(counted);
  std::vector<float> first = {1.2f, 0.8f}, second = {0.5f, 1.5f};
  balance.add(first.data(), DType::kF32, std::vector<int32_t>{2, 0}, 3);
  balance.add(second.data(), DType::kF32, std::vector<int32_t>{1, 1}, 3);
  double chosen0 = 3.0 / 4, chosen1 = 1.0 / 4, mean0 = 1.7 / 4, mean1 = 2.3 / 4;
  EXPECT_NEAR(balance.loss(0.5), 2 * (chosen0 * mean0 + chosen1 * mean1), 1e-6);
  const double* gradient = static_cast<const double*>(balance.gradient(DType::kF64));
  EXPECT_NEAR(gradient[0], 0.5 * 2 * chosen0 / 4, 1e-12);
  EXPECT_NEAR(gradient[1], 0.5 * 2 * chosen1 / 4, 1e-12);
  balance.begin();
  EXPECT_EQ(balance.gradient(DType::kF64), nullptr) << "no loss was asked for yet";
}

// A model whose block is the experts alone.
struct ExpertsModel {
  ExpertsOptions options;
  BlockIo layer(Context& context, int64_t, const int&, BlockIo io) const {
    return {experts(context, std::move(io.x), options), {}};
  }
};

TEST(ExpertsOp, ABlockThatRunsAgainIsCountedOnceAndGetsTheSameGradient) {
  std::vector<std::vector<double>> gradients;
  std::vector<double> losses;
  for (Checkpointing keep : {Checkpointing::kNone, Checkpointing::kBlock}) {
    ExpertsRun run;
    ExpertsModel model{run.options};
    int batch = 0;
    run.b.context.checkpointing = keep;
    run.b.context.balance = &run.b.balance;
    run.b.balance.begin();
    give_grad(run.b, block<&ExpertsModel::layer>(run.b.context, model, 0, batch, {run.x, {}}).x, 0);
    losses.push_back(run.b.balance.loss(0.25));
    run.b.tape.backward(run.b.context);
    gradients.push_back(values_of(run.router().grad));
    EXPECT_GT(std::abs(gradients.back()[0]), 0) << "the balance loss alone moves the router";
    EXPECT_EQ(run.b.balance.loss(0.25), losses.back()) << "the second run is not counted";
  }
  EXPECT_EQ(losses[0], losses[1]);
  EXPECT_EQ(gradients[0], gradients[1]);
}

}  // namespace

std::vector<OpCase> expert_op_cases() {
  return {
      experts_case("two of four experts", {.experts = 4, .top_k = 2}, true, false),
      experts_case("one of three experts, scaled, with a balance loss",
                   {.experts = 3, .top_k = 1, .renormalise = false, .scale = 1.5f}, true, true),
      experts_case("experts without a gate", {.experts = 3, .top_k = 2, .activation = kernels::Activation::kGelu},
                   false, false),
      experts_case("experts of the better two of three groups",
                   {.experts = 6, .top_k = 3, .renormalise = false, .scale = 2, .groups = 3, .top_groups = 2}, true,
                   false),
      experts_case("sigmoid scores with a bias for choosing, and a balance loss",
                   {.experts = 6,
                    .top_k = 2,
                    .scores = kernels::RouterScores::kSigmoid,
                    .scale = 2.5f,
                    .groups = 2,
                    .top_groups = 1,
                    .group_best = 2},
                   true, true, true),
      {"head_norm", "rms norm of queries and keys",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 16})};
         return std::vector<Var>{head_norm(b.context, in[0], {{2, 4, b.parameter(2, {4})}, {1, 4, b.parameter(3, {4})}},
                                           {.weight_offset = 1})};
       }},
      {"head_norm", "layer norm with a weight of each head",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 10})};
         return std::vector<Var>{
             head_norm(b.context, in[0], {{2, 4, b.parameter(2, {8}, 1), b.parameter(3, {8}), true}}, {.layer = true})};
       }},
  };
}

}  // namespace malmoi::autograd
