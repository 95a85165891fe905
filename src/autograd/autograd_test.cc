// Walks op_table(): every op's backward against finite differences in f64 (on the oracle), and its forward and backward
// on every instruction set and activation type against f64; and what the tape promises.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "autograd/op_cases.h"

namespace malmoi::autograd {
namespace {

// A fixed weighting of the outputs makes one number of them; its gradient at the outputs is the weighting.
double weight_at(size_t output, size_t i) {
  return std::sin(1.0 + static_cast<double>(output) * 3.1 + static_cast<double>(i) * 0.7);
}

struct Outcome {
  std::vector<std::vector<double>> outputs, input_grads, parameter_grads;
};

Outcome run_case(const OpCase& c, DType dtype, const kernels::Backend& backend, bool backward) {
  Bench b(dtype, backend);
  std::vector<Var> inputs;
  std::vector<Var> outputs = c.run(b, inputs);
  Outcome outcome;
  for (const Var& out : outputs) outcome.outputs.push_back(values_of(out.value));
  if (!backward) return outcome;
  for (size_t o = 0; o < outputs.size(); ++o) {
    DType type = outputs[o].value.dtype();
    Tensor g = b.context.temporary(type, outputs[o].value.shape());
    for (size_t i = 0; i < outcome.outputs[o].size(); ++i) {
      double w = to_float(to_bf16(static_cast<float>(weight_at(o, i))));
      convert(&w, DType::kF64, static_cast<std::byte*>(g.data()) + i * dtype_size(type), type, 1);
    }
    b.tape.give_grad(b.context, outputs[o].id, g);
  }
  outputs.clear();
  b.tape.backward(b.context);
  for (const Var& in : inputs) outcome.input_grads.push_back(values_of(b.tape.take_grad(in.id)));
  for (const auto& p : b.parameters) outcome.parameter_grads.push_back(values_of(p->grad));
  return outcome;
}

TEST(Ops, EveryOpOfTheTableHasACase) {
  for (const Op* op : op_table()) {
    bool found = false;
    for (const OpCase& c : op_cases()) found |= std::string(c.op) == op->name;
    EXPECT_TRUE(found) << op->name;
  }
}

// The weighted sum of the outputs in f64, with one value moved.
double disturbed_loss(const OpCase& c, const Disturbance& disturbance) {
  Bench b(DType::kF64, kernels::reference_backend());
  b.disturbance = disturbance;
  std::vector<Var> inputs;
  std::vector<Var> outputs = c.run(b, inputs);
  double sum = 0;
  for (size_t o = 0; o < outputs.size(); ++o) {
    std::vector<double> v = values_of(outputs[o].value);
    for (size_t i = 0; i < v.size(); ++i) sum += v[i] * to_float(to_bf16(static_cast<float>(weight_at(o, i))));
  }
  return sum;
}

void check_gradient(const OpCase& c, bool parameter, size_t which, const std::vector<double>& gradient) {
  constexpr double kStep = 1e-5;
  for (size_t i = 0; i < gradient.size(); ++i) {
    double up = disturbed_loss(c, {parameter, which, i, kStep}),
           down = disturbed_loss(c, {parameter, which, i, -kStep});
    double numeric = (up - down) / (2 * kStep);
    // Constants of the ops are f32, so their own rounding enters at 1e-7 of the values.
    EXPECT_NEAR(gradient[i], numeric, 2e-6 * std::max(1.0, std::abs(numeric)))
        << c.name << ": " << (parameter ? "parameter " : "input ") << which << ", element " << i;
  }
}

TEST(Ops, BackwardIsTheDerivativeInF64) {
  for (const OpCase& c : op_cases()) {
    if (!c.whole_derivative) continue;
    Outcome o = run_case(c, DType::kF64, kernels::reference_backend(), true);
    for (size_t k = 0; k < o.input_grads.size(); ++k) check_gradient(c, false, k, o.input_grads[k]);
    for (size_t k = 0; k < o.parameter_grads.size(); ++k) check_gradient(c, true, k, o.parameter_grads[k]);
  }
}

TEST(Ops, PaddingTakesNoGradientFromLookUps) {
  const OpCase *all = nullptr, *padded = nullptr;
  for (const OpCase& c : op_cases()) {
    if (std::string(c.op) != "embedding" || std::string(c.name).find("dropout") != std::string::npos) continue;
    const OpCase*& of_the_three_tables = c.whole_derivative ? all : padded;
    if (!of_the_three_tables) of_the_three_tables = &c;  // they come first
  }
  ASSERT_TRUE(all && padded);
  Outcome want = run_case(*all, DType::kF64, kernels::reference_backend(), true);
  Outcome got = run_case(*padded, DType::kF64, kernels::reference_backend(), true);
  std::fill_n(want.parameter_grads[0].begin() + 3 * 8, 8, 0.0);  // the row of the padding's id
  EXPECT_EQ(got.parameter_grads, want.parameter_grads);
}

void expect_close(const std::vector<std::vector<double>>& got, const std::vector<std::vector<double>>& want,
                  double tolerance, const std::string& what) {
  ASSERT_EQ(got.size(), want.size()) << what;
  for (size_t k = 0; k < got.size(); ++k) {
    double scale = 0.1;  // rounding is relative to the largest value that went into a sum
    for (double x : want[k]) scale = std::max(scale, std::abs(x));
    ASSERT_EQ(got[k].size(), want[k].size()) << what;
    for (size_t i = 0; i < got[k].size(); ++i)
      EXPECT_NEAR(got[k][i], want[k][i], tolerance * scale) << what << " " << k << ", element " << i;
  }
}

TEST(Ops, EveryInstructionSetAgreesWithTheOracle) {
  for (Isa isa : kIsas) {
    const kernels::Backend* backend = kernels::isa_backend(isa);
    if (!backend || isa > detected_isa()) continue;
    for (const OpCase& c : op_cases()) {
      Outcome want = run_case(c, DType::kF64, kernels::reference_backend(), true);
      for (DType type : {DType::kF32, DType::kBF16}) {
        Outcome got = run_case(c, type, *backend, true);
        std::string what =
            std::string(c.name) + " on " + std::string(isa_name(isa)) + " in " + std::string(dtype_name(type));
        double tolerance = type == DType::kF32 ? 2e-5 : 0.04;
        expect_close(got.outputs, want.outputs, tolerance, what + ", output");
        expect_close(got.input_grads, want.input_grads, tolerance, what + ", input gradient");
        expect_close(got.parameter_grads, want.parameter_grads, tolerance, what + ", parameter gradient");
      }
    }
  }
}

// What serves is what was trained: ops go other ways where nothing is recorded.
TEST(Ops, WithoutATapeTheOutputsAreTheSame) {
  for (const OpCase& c : op_cases()) {
    Bench b(DType::kF32, kernels::cpu_backend());
    b.context.tape = nullptr;
    std::vector<Var> inputs;
    std::vector<std::vector<double>> got;
    for (const Var& out : c.run(b, inputs)) got.push_back(values_of(out.value));
    expect_close(got, run_case(c, DType::kF32, kernels::cpu_backend(), false).outputs, 2e-5, c.name);
  }
}

TEST(Tape, NothingIsLeftInTheArenaAfterTheBackwardPass) {
  for (const OpCase& c : op_cases()) {
    Bench b(DType::kF32, kernels::cpu_backend());
    std::vector<Var> inputs, outputs = c.run(b, inputs);
    Tensor g = b.context.temporary(outputs[0].value.dtype(), outputs[0].value.shape());
    std::memset(g.data(), 0, g.bytes());
    b.tape.give_grad(b.context, outputs[0].id, g);
    g = Tensor();
    outputs.clear();
    inputs.clear();
    b.tape.backward(b.context);
    b.tape.clear();
    EXPECT_EQ(b.arena.in_use(), 0u) << c.name;
  }
}

// The most memory that a case takes, forward and backward.
size_t peak_of(const OpCase& c, Arena memory) {
  Bench b(DType::kBF16, kernels::cpu_backend(), std::move(memory));
  std::vector<Var> inputs, outputs = c.run(b, inputs);
  Tensor g = b.context.temporary(outputs[0].value.dtype(), outputs[0].value.shape());
  b.context.step("gradient", 0, [&] { std::memset(g.data(), 0, g.bytes()); });
  b.tape.give_grad(b.context, outputs[0].id, std::move(g));
  outputs.clear();
  inputs.clear();
  b.tape.backward(b.context);
  return b.arena.peak();
}

TEST(Tape, ARehearsalPredictsThePeakOfEveryOp) {
  for (const OpCase& c : op_cases()) {
    EXPECT_EQ(peak_of(c, Arena::rehearsal()), peak_of(c, std::move(*Arena::create(64 << 20)))) << c.name;
  }
}

// Counts who is told of final gradients, and that nothing is written after that.
class CountingSink : public GradientSink {
 public:
  void final_gradient(Parameter& p) override {
    ++told[&p];
    values[&p] = values_of(p.grad);
  }
  std::map<Parameter*, int> told;
  std::map<Parameter*, std::vector<double>> values;
};

TEST(Tape, AParameterIsToldOnceWhenItsGradientIsFinal) {
  for (const OpCase& c : op_cases()) {
    Bench b(DType::kF64, kernels::reference_backend());
    CountingSink sink;
    b.tape.on_final_gradient(&sink);
    std::vector<Var> inputs, outputs = c.run(b, inputs);
    for (const Var& out : outputs) {
      Tensor g = b.context.temporary(out.value.dtype(), out.value.shape());
      Bench::fill(g, 5, 0);
      b.tape.give_grad(b.context, out.id, std::move(g));
    }
    b.tape.backward(b.context);
    for (const auto& p : b.parameters) {
      EXPECT_EQ(sink.told[p.get()], 1) << c.name << ", " << p->name;
      EXPECT_EQ(sink.values[p.get()], values_of(p->grad)) << c.name << ", " << p->name << " was written after that";
      EXPECT_EQ(p->pending, 0) << c.name;
    }
  }
}

TEST(Tape, AFrozenParameterTakesNoGradient) {
  for (const OpCase& c : op_cases()) {
    Bench b(DType::kF32, kernels::cpu_backend());
    std::vector<Var> inputs, outputs = c.run(b, inputs);
    for (const auto& p : b.parameters) p->trainable = false, p->grad = Tensor();
    Tensor g = b.context.temporary(outputs[0].value.dtype(), outputs[0].value.shape());
    std::memset(g.data(), 0, g.bytes());
    b.tape.give_grad(b.context, outputs[0].id, std::move(g));
    b.tape.backward(b.context);  // must not touch what is not there
    for (const auto& p : b.parameters) EXPECT_FALSE(p->grad_ready) << c.name;
  }
}

}  // namespace

const std::vector<OpCase>& op_cases() {
  static const std::vector<OpCase> all = [] {
    std::vector<OpCase> list;
    for (auto* cases : {basic_op_cases, attention_op_cases, expert_op_cases, recurrent_op_cases, channel_op_cases}) {
      for (OpCase& c : cases()) list.push_back(std::move(c));
    }
    return list;
  }();
  return all;
}

}  // namespace malmoi::autograd
