// What the tests of ops share: everything an op needs in one type of numbers, and the cases that the walk over the table runs.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "autograd/adapted_weight.h"
#include "autograd/ops.h"
#include "autograd/router_balance.h"
#include "base/rng.h"

namespace malmoi::autograd {

// One value that is moved by h: element `element` of the which-th input or parameter.
struct Disturbance {
  bool parameter = false;
  size_t which = 0, element = 0;
  double h = 0;
};

// Everything an op under test needs, in one type of numbers.
struct Bench {
  DType dtype;
  Disturbance disturbance;
  size_t inputs_made = 0;
  Arena arena;
  StoragePool pool;
  Stream stream;
  std::vector<std::unique_ptr<Parameter>> parameters;
  std::vector<std::unique_ptr<DenseWeight>> weights;
  std::vector<std::unique_ptr<const Weight>> adapted;
  std::vector<const Weight*> expert_weights;
  RouterBalance balance;
  Tape tape;  // ends before the weights that its records name
  Context context;

  Bench(DType type, const kernels::Backend& backend, Arena memory = std::move(*Arena::create(64 << 20)))
      : dtype(type), arena(std::move(memory)) {
    context.arena = &arena;
    context.pool = &pool;
    context.tape = &tape;
    context.dtype = type;
    context.backend = &backend;
    context.stream = &stream;
  }
  DType parameter_type(Shape shape, Role role) const {
    if (dtype == DType::kF64) return DType::kF64;
    return shape.rank() >= 2 && role != Role::kConvolution && role != Role::kVector ? dtype : DType::kF32;
  }
  Parameter* parameter(uint64_t seed, Shape shape, double offset = 0, Role role = Role::kMatrix) {
    auto p = std::make_unique<Parameter>();
    p->role = role;
    p->name = "parameter " + std::to_string(parameters.size());
    p->shape = shape;
    p->compute = Tensor::zeros(parameter_type(shape, role), shape);
    p->grad = Tensor::zeros(dtype == DType::kF64 ? DType::kF64 : DType::kF32, shape);
    fill(p->compute, seed, offset);
    disturb(p->compute, true, parameters.size());
    parameters.push_back(std::move(p));
    return parameters.back().get();
  }
  const DenseWeight& weight(uint64_t seed, Shape shape) {
    weights.push_back(std::make_unique<DenseWeight>(*parameter(seed, shape)));
    return *weights.back();
  }
  /// A matrix with an adapter around some of its rows, [first, first + count) of each part.
  const Weight& adapted_weight(uint64_t seed, Shape shape, std::initializer_list<std::pair<int64_t, int64_t>> rows,
                               bool magnitudes = false) {
    AdaptedWeight::Parts parts;
    auto base = std::make_shared<DenseWeight>(*parameter(seed, shape));
    for (const auto& [first, count] : rows) {
      LowRank part{
          .row_begin = first, .a = parameter(++seed, {2, shape[1]}), .b = parameter(++seed, {count, 2}), .scale = 1.5};
      if (magnitudes) part.magnitude = parameter(++seed, {count}, 2, Role::kVector);
      parts.push_back(part);
    }
    adapted.push_back(
        std::make_unique<AdaptedWeight>(std::move(base), std::vector<AdaptedWeight::Parts>{std::move(parts)}));
    return *adapted.back();
  }
  /// The router, and stacks of what goes up and down, of experts.
  std::span<const Weight* const> experts(int64_t count, Shape up, Shape down) {
    expert_weights = {&weight(21, {count, up[1]})};
    for (auto [seed, shape] : {std::pair{uint64_t{22}, up}, {uint64_t{23}, down}}) {
      Parameter* stack = parameter(seed, {count, shape[0], shape[1]}, 0, Role::kExperts);
      for (int64_t e = 0; e < count; ++e) {
        weights.push_back(std::make_unique<DenseWeight>(*stack, e));
        expert_weights.push_back(weights.back().get());
      }
    }
    return expert_weights;
  }
  Var input(uint64_t seed, Shape shape) {
    Tensor x = context.temporary(dtype, shape);
    if (!context.rehearsal()) {
      fill(x, seed, 0);
      disturb(x, false, inputs_made++);
    }
    return {x, tape.new_id()};
  }
  void disturb(Tensor& t, bool parameter, size_t which) const {
    if (disturbance.h != 0 && disturbance.parameter == parameter && disturbance.which == which)
      t.as<double>()[disturbance.element] += disturbance.h;
  }
  // Values that bf16 holds exactly, so that all types see the same numbers.
  static void fill(Tensor& t, uint64_t seed, double offset) {
    Rng rng(11, seed);
    for (int64_t i = 0; i < t.elements(); ++i) {
      double x = to_float(to_bf16(static_cast<float>(rng.normal() * 0.7 + offset)));
      convert(&x, DType::kF64, element_at(t.data(), t.dtype(), i), t.dtype(), 1);
    }
  }
};

inline std::vector<double> values_of(const Tensor& t) {
  std::vector<double> out(static_cast<size_t>(t.elements()));
  convert(t.data(), t.dtype(), out.data(), DType::kF64, out.size());
  return out;
}

/// An op under test: builds its inputs (as Vars on the tape) and its results.
struct OpCase {
  const char* op;  // its name in the table
  const char* name;
  std::function<std::vector<Var>(Bench& b, std::vector<Var>& in)> run;
  bool whole_derivative = true;  // false: some gradients are left out by definition, so differences see more
};

/// Two sequences in six rows; row 2 belongs to none.
inline const std::vector<Run> kRuns = {{0, 2}, {3, 3}};

/// Every case; an op of the table without one fails the walk.
const std::vector<OpCase>& op_cases();

// By topic, in the files of their names.
std::vector<OpCase> basic_op_cases();
std::vector<OpCase> attention_op_cases();
std::vector<OpCase> expert_op_cases();
std::vector<OpCase> recurrent_op_cases();
std::vector<OpCase> channel_op_cases();

}  // namespace malmoi::autograd
