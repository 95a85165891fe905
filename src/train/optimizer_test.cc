// Tests of optimisers and schedules against their formulas.
#include "train/optimizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/json.h"
#include "base/rng.h"
#include "train/optimizers/common.h"
#include "train/schedule.h"

namespace malmoi::train {
namespace {

TEST(Schedules, KnownValuesOfEveryEntry) {
  ScheduleArgs a{.lr = 1, .min_lr = 0.1, .warmup_steps = 10, .steps = 110, .decay_steps = 20};
  for (const ScheduleEntry& entry : schedule_table()) {
    EXPECT_DOUBLE_EQ(learning_rate(entry.name, a, 0), 0.1) << entry.name;
    EXPECT_DOUBLE_EQ(learning_rate(entry.name, a, 9), 1.0) << entry.name;
  }
  EXPECT_DOUBLE_EQ(learning_rate("cosine", a, 60), 0.55);
  EXPECT_DOUBLE_EQ(learning_rate("wsd", a, 100), learning_rate("wsd_linear", a, 100));
}

TEST(Schedules, TheReferencesRates) {
  Json golden = *read_json(std::string(MALMOI_TEST_DATA) + "/train/schedules.json");
  const Json& hyper = golden["hyper"];
  ScheduleArgs a{.lr = hyper["lr"],
                 .min_lr = hyper["lr_min"],
                 .warmup_steps = hyper["warmup_steps"],
                 .steps = hyper["steps"],
                 .decay_steps = hyper["decay_steps"]};
  for (const auto& [name, rates] : golden["lr"].items()) {
    for (size_t s = 0; s < rates.size(); ++s)
      EXPECT_NEAR(learning_rate(name, a, static_cast<int64_t>(s)), rates[s].get<double>(), 1e-12) << name << " " << s;
  }
}

// Two matrices fused into one parameter, an embedding and a vector, with given gradients.
struct Toy {
  nn::ParameterSet set;
  Toy() {
    set.add({.name = "w", .shape = {8, 6}, .role = nn::Role::kMatrix, .sources = {{"w.q", 0, 4}, {"w.k", 4, 4}}});
    set.add({.name = "e", .shape = {4, 6}, .role = nn::Role::kEmbedding});
    set.add({.name = "b", .shape = {5}});
    set.allocate(nn::Purpose::kTraining, DType::kF32);
    for (auto& entry : set.entries()) {
      Rng rng(3);
      Parameter& p = entry->parameter;
      for (int64_t i = 0; i < p.shape.elements(); ++i) {
        p.master.as<float>()[i] = static_cast<float>(rng.normal());
        p.grad.as<float>()[i] = static_cast<float>(rng.normal());
      }
      p.grad_ready = true;
    }
  }
  Parameter& at(size_t i) { return set.entries()[i]->parameter; }
  std::vector<float> values(size_t i) {
    const float* p = at(i).master.as<float>();
    return {p, p + at(i).shape.elements()};
  }
  // The linear loss <gradient, parameter>.
  double loss() {
    double sum = 0;
    for (size_t k = 0; k < set.entries().size(); ++k)
      for (int64_t i = 0; i < at(k).shape.elements(); ++i)
        sum += static_cast<double>(at(k).master.as<float>()[i] * at(k).grad.as<float>()[i]);
    return sum;
  }
};

OptimizerConfig config_of(const OptimizerEntry& entry) {
  return {.name = std::string(entry.name), .lr = 0.01, .weight_decay = 0, .momentum = 0.5, .adamw_lr = 0.01};
}

TEST(Optimizers, EveryEntryMovesAgainstTheGradientAndKeepsItsState) {
  for (const OptimizerEntry* entry : optimizer_table()) {
    Toy toy;
    auto optimizer = make_optimizer(config_of(*entry), toy.set);
    double before = toy.loss();
    optimizer->update({.update = 1, .lr = 0.01});
    EXPECT_LT(toy.loss(), before) << entry->name;
    std::set<std::string> names;
    size_t elements = 0, planned = 0;
    for (const StateTensor& s : optimizer->state()) {
      names.insert(s.name);
      elements += static_cast<size_t>(s.values.elements());
    }
    for (Entry* e : trainable_entries(toy.set)) planned += entry->state_elements(config_of(*entry), *e);
    EXPECT_EQ(names.size(), optimizer->state().size()) << entry->name << ": state names are unique";
    EXPECT_EQ(elements, planned) << entry->name << ": memory plans count the state";
  }
}

TEST(Optimizers, WhatTheStepDidNotReachStaysAndFrozenWeightsHaveNoState) {
  for (const OptimizerEntry* entry : optimizer_table()) {
    Toy toy;
    OptimizerConfig config = config_of(*entry);
    config.weight_decay = 0.5;
    toy.at(0).grad_ready = false;
    toy.at(1).trainable = false;
    std::vector<float> unreached = toy.values(0), frozen = toy.values(1), vector = toy.values(2);
    auto optimizer = make_optimizer(config, toy.set);
    optimizer->update({.update = 1, .lr = 0.01});
    EXPECT_EQ(toy.values(0), unreached) << entry->name;
    EXPECT_EQ(toy.values(1), frozen) << entry->name;
    EXPECT_NE(toy.values(2), vector) << entry->name;
    for (const StateTensor& s : optimizer->state()) EXPECT_NE(s.name.front(), 'e') << entry->name;
  }
}

TEST(Optimizers, TwoDimensionsOrMoreDecay) {
  for (const OptimizerEntry* entry : optimizer_table()) {
    Toy plain, decayed;
    OptimizerConfig config = config_of(*entry);
    make_optimizer(config, plain.set)->update({.update = 1, .lr = 0.01});
    config.weight_decay = 0.5;
    make_optimizer(config, decayed.set)->update({.update = 1, .lr = 0.01});
    EXPECT_NE(plain.values(0), decayed.values(0)) << entry->name;
    EXPECT_NE(plain.values(1), decayed.values(1)) << entry->name;
    EXPECT_EQ(plain.values(2), decayed.values(2)) << entry->name;
  }
}

TEST(Optimizers, LionAndSgdFollowTheirFormulas) {
  Toy toy;
  float p = toy.at(0).master.as<float>()[1], g = toy.at(0).grad.as<float>()[1];
  make_optimizer({.name = "lion", .beta1 = 0.9, .beta2 = 0.99, .weight_decay = 0.5}, toy.set)->update({.lr = 0.1});
  EXPECT_FLOAT_EQ(toy.at(0).master.as<float>()[1], p - 0.1f * ((g > 0 ? 1.f : -1.f) + 0.5f * p));
  Toy other;
  auto sgd = make_optimizer({.name = "sgd", .weight_decay = 0, .momentum = 0.5, .dampening = 0.2}, other.set);
  sgd->update({.update = 1, .lr = 0.1});
  sgd->update({.update = 2, .lr = 0.1});
  EXPECT_NEAR(other.at(0).master.as<float>()[1], p - 0.1f * g - 0.1f * (0.5f + 0.8f) * g, 1e-6)
      << "the first momentum is the gradient, dampening begins with the second";
}

// The sum of the squares of 24 elements' updates.
double moved(const std::vector<float>& before, const std::vector<float>& after, size_t begin) {
  double sum = 0;
  for (size_t i = begin; i < begin + 24; ++i) sum += std::pow(static_cast<double>(before[i] - after[i]), 2);
  return sum;
}

TEST(Optimizers, MuonsUpdateOfEachPublishedMatrixIsNearlyOrthogonal) {
  OptimizerConfig config{.name = "muon", .lr = 1, .weight_decay = 0, .momentum = 0.95, .nesterov = true, .adamw_lr = 1};
  for (bool match : {false, true}) {
    config.match_rms_adamw = match;
    Toy toy;
    std::vector<float> before = toy.values(0);
    make_optimizer(config, toy.set)->update({.lr = 1});
    // Singular values near one, to Muon's loose constants, times the scale: their squares add up to about the rank.
    double scale = match ? 0.2 * std::sqrt(6.0) : 1;
    for (size_t begin : {0u, 24u}) {
      double squares = moved(before, toy.values(0), begin) / (scale * scale);
      EXPECT_GT(squares, 4 * 0.4);
      EXPECT_LT(squares, 4 * 1.5);
    }
  }
}

// The quintic iteration (Jordan et al. 2024) in f64, of X [rows, columns] over its norm.
std::vector<double> orthogonal(std::vector<double> x, size_t rows, size_t columns) {
  auto at = [&](size_t i, size_t j) -> double& { return x[i * columns + j]; };
  double squares = 0;
  for (double value : x) squares += value * value;
  for (double& value : x) value /= std::sqrt(squares);
  for (int iteration = 0; iteration < 5; ++iteration) {
    std::vector<double> a(rows * rows, 0), p(rows * rows, 0), next(x.size(), 0);
    for (size_t i = 0; i < rows; ++i)
      for (size_t j = 0; j < rows; ++j)
        for (size_t k = 0; k < columns; ++k) a[i * rows + j] += at(i, k) * at(j, k);
    for (size_t i = 0; i < rows; ++i)
      for (size_t j = 0; j < rows; ++j) {
        for (size_t k = 0; k < rows; ++k) p[i * rows + j] += 2.0315 * a[i * rows + k] * a[k * rows + j];
        p[i * rows + j] += -4.7750 * a[i * rows + j] + (i == j ? 3.4445 : 0);
      }
    for (size_t i = 0; i < rows; ++i)
      for (size_t j = 0; j < columns; ++j)
        for (size_t k = 0; k < rows; ++k) next[i * columns + j] += p[i * rows + k] * at(k, j);
    x = std::move(next);
  }
  return x;
}

// Wide, tall and square matrices, with products in f32 and, where the CPU has them, in bf16.
TEST(Optimizers, MuonsIterationIsThePapersWhateverTheShapeAndTheTypeOfProducts) {
  for (auto [rows, columns] : {std::pair<size_t, size_t>{8, 24}, {24, 8}, {16, 16}}) {
    for (DType type : {DType::kF32, DType::kBF16}) {
      nn::ParameterSet set;
      set.add({.name = "w",
               .shape = {static_cast<int64_t>(rows), static_cast<int64_t>(columns)},
               .role = nn::Role::kMatrix});
      set.allocate(nn::Purpose::kTraining, type);
      Parameter& p = set.entries()[0]->parameter;
      Rng rng(11);
      std::vector<double> gradient(rows * columns);
      for (size_t i = 0; i < gradient.size(); ++i) {
        p.master.as<float>()[i] = 0;
        p.grad.as<float>()[i] = static_cast<float>(gradient[i] = rng.normal());
      }
      p.grad_ready = true;
      make_optimizer({.name = "muon", .weight_decay = 0, .momentum = 0.95, .nesterov = true, .adamw_lr = 1}, set)
          ->update({.lr = 1});
      const std::vector<double> expected = orthogonal(gradient, rows, columns);
      const double scale = std::sqrt(std::max(1.0, static_cast<double>(rows) / static_cast<double>(columns)));
      double off = 0, size = 0;
      for (size_t i = 0; i < expected.size(); ++i) {
        off += std::pow(-static_cast<double>(p.master.as<float>()[i]) - scale * expected[i], 2);
        size += std::pow(scale * expected[i], 2);
      }
      EXPECT_LT(std::sqrt(off / size), type == DType::kF32 ? 1e-4 : 0.05) << rows << "x" << columns;
    }
  }
}

TEST(Optimizers, ARateOfZeroMovesNothing) {
  for (const OptimizerEntry* entry : optimizer_table()) {
    Toy toy;
    OptimizerConfig config = config_of(*entry);
    config.lr = 0;
    std::vector<float> before[] = {toy.values(0), toy.values(1), toy.values(2)};
    make_optimizer(config, toy.set)->update({.update = 1, .lr = 0});
    for (size_t i = 0; i < 3; ++i) EXPECT_EQ(toy.values(i), before[i]) << entry->name << " " << i;
  }
}

TEST(Optimizers, PartsAreThePublishedTensorsAndEveryExpert) {
  nn::ParameterSpec experts{.name = "e", .shape = {2, 3, 4}, .role = nn::Role::kExperts, .sources = {{"e", 0, 6}}};
  std::vector<Part> parts = parts_of(experts);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[1].begin, 12);
  EXPECT_EQ(parts[1].rows, 3);
  nn::ParameterSpec bias{.name = "b", .shape = {6}, .sources = {{"q", 0, 2}, {"k", 2, 4}}};
  EXPECT_EQ(parts_of(bias)[1].begin, 2);
  EXPECT_EQ(parts_of(bias)[1].elements(), 4);
}

}  // namespace
}  // namespace malmoi::train
