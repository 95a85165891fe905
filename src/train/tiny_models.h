// What tests of training share: a small random model of any family, what steps it, and random examples for any objective.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "base/rng.h"
#include "model/registry.h"
#include "train/array_source.h"
#include "train/freeze.h"
#include "train/objective.h"
#include "train/stepper.h"

namespace malmoi::train {

/// Without memory; its sizes are the same whatever the family. `more`: other fields of its config.
inline std::unique_ptr<model::Model> tiny_model(std::string_view family, model::Task task,
                                                const Json& more = Json::object()) {
  ConfigDocument document;
  document.root = {{"architecture", family}, {"vocab_size", 29},         {"hidden_size", 16},
                   {"num_hidden_layers", 2}, {"num_attention_heads", 2}, {"max_position_embeddings", 32}};
  document.root.update(more);
  auto made = model::make_model(document, document.root, {.task = task, .training = true});
  EXPECT_TRUE(made.ok()) << made.error().to_string();
  if (!made.ok()) std::abort();
  return std::move(*made);
}

/// Appends row r of random examples: `length` tokens, some of them padding where the objective has a mask.
inline void append_random_row(const ObjectiveEntry& objective, const model::Model& model, uint64_t r, int64_t length,
                              Examples& out) {
  Rng rng(3, r);
  auto below = [&](int64_t n) { return static_cast<int32_t>(rng.below(static_cast<uint64_t>(n))); };
  std::vector<int32_t> ids;
  for (int64_t t = 0; t <= length; ++t) ids.push_back(below(model.vocab_size()));
  if (objective.arrays.columns.empty()) {
    out.input.add({ids.data(), static_cast<size_t>(length)});
    out.targets.insert(out.targets.end(), ids.begin() + 1, ids.end());
    return;
  }
  const int64_t real = length - static_cast<int64_t>(r % 3);
  int64_t text = 0;  // of the row
  auto value = [&](const ArrayColumn& column, int64_t t) -> int32_t {
    switch (column.values) {
      case ArrayValues::kIds:  // texts of their own have other words
        return static_cast<int32_t>((ids[static_cast<size_t>(t)] + (column.axis == ArrayAxis::kOther ? 5 * text : 0)) %
                                    model.vocab_size());
      case ArrayValues::kMask: return t < real;
      case ArrayValues::kTokenTypes: return t > length / 2;
      case ArrayValues::kLabels: return t < real && t % 2 == 0 ? below(model.outputs()) : -100;
      case ArrayValues::kFlags: return below(2);
      case ArrayValues::kPlaces: return below(length);
      case ArrayValues::kPositions: return static_cast<int32_t>(t);
      case ArrayValues::kSegments: return 1;
      case ArrayValues::kLengths: return static_cast<int32_t>(column.name.ends_with("prompt_len") ? 2 : real);
      case ArrayValues::kNumbers: break;
    }
    return 0;
  };
  std::vector<std::vector<int32_t>> columns;
  for (const ArrayColumn& column : objective.arrays.columns) {
    columns.emplace_back();
    ++text;
    for (int64_t t = 0; t < (column.axis == ArrayAxis::kRow ? 1 : length); ++t)
      columns.back().push_back(value(column, t));
  }
  std::vector<float> numbers(static_cast<size_t>(length), static_cast<float>(rng.normal()));
  ArrayRow row;
  for (const auto& column : columns) row.integers.emplace_back(column);
  for (size_t c = 0; c < columns.size(); ++c) row.numbers.emplace_back(numbers);
  objective.arrays.append(row, row_limits(model).rules, out);
}

inline Examples random_examples(const ObjectiveEntry& objective, const model::Model& model, uint64_t rows,
                                int64_t length) {
  Examples out;
  for (uint64_t r = 0; r < rows; ++r) append_random_row(objective, model, r, length, out);
  return out;
}

/// Changes all weights of a model, each by another share.
inline void move_away(model::Model& model) {
  for (auto& entry : model.parameters.entries()) {
    for (int64_t i = 0; i < entry->parameter.master.elements(); ++i)
      entry->parameter.master.as<float>()[i] *= 1 + 0.3f * std::sin(static_cast<float>(i));
  }
  model.refresh_compute();
}

/// A model in memory and what steps it.
struct Trained {
  static constexpr uint64_t kSeedOfWeights = 5;
  std::unique_ptr<model::Model> model;
  std::unique_ptr<model::Model> frozen;  // what the objective asks beside it: as it begins, or another of its size
  std::unique_ptr<Objective> objective;
  OptimizerConfig config;
  std::unique_ptr<Optimizer> optimizer;
  std::unique_ptr<Stepper> stepper;
  Trained(const ObjectiveEntry& entry, std::string_view family, const std::vector<std::string>& freeze = {},
          const ObjectiveConfig& options = {}, const OptimizerConfig& optimizer_config = {.name = "adamw", .lr = 1e-2})
      : model(tiny_model(family, entry.task)), config(optimizer_config) {
    if (const Beside asked = entry.beside ? entry.beside(options) : Beside::kNothing; asked != Beside::kNothing) {
      frozen = tiny_model(family, entry.task);
      frozen->parameters.allocate(nn::Purpose::kTraining, DType::kF32);
      frozen->parameters.initialize(asked == Beside::kReference ? kSeedOfWeights : kSeedOfWeights + 1);
    }
    objective = entry.make(options, {.model = frozen.get()});
    auto frozen = frozen_by(freeze);
    for (auto& e : model->parameters.entries())
      e->parameter.trainable = !e->spec.fixed && (freeze.empty() || !frozen(e->spec));
    model->parameters.allocate(nn::Purpose::kTraining, DType::kF32);
    model->parameters.initialize(kSeedOfWeights);
    optimizer = make_optimizer(config, model->parameters);
    stepper = std::make_unique<Stepper>(*Stepper::create(*model, *objective, *optimizer, {.arena_bytes = 64 << 20}));
  }
};

/// Four random rows, over and over; those of odd numbers may have no target that counts, or none of them.
class FourRows final : public ExampleSource {
 public:
  enum Counted { kAll, kEven, kNone };
  FourRows(const ObjectiveEntry& entry, const model::Model& model, Counted counted = kAll)
      : entry_(entry), model_(model), counted_(counted) {}
  uint64_t size() const override { return 4; }
  uint64_t tokens() const override { return 4 * 8; }
  void append(uint64_t n, Examples& out) const override {
    size_t before = out.targets.size();
    append_random_row(entry_, model_, n % size(), 8, out);
    if (counted_ == kAll || (counted_ == kEven && n % 2 == 0)) return;
    std::fill(out.targets.begin() + static_cast<std::ptrdiff_t>(before), out.targets.end(), -100);
  }

 private:
  const ObjectiveEntry& entry_;
  const model::Model& model_;
  Counted counted_;
};

/// Calls test(objective, family): every family under the first objective of each head that it has, every other objective with the
/// first family that has its head.
template <typename Test>
void for_each_objective(const Test& test) {
  for (const ObjectiveEntry* objective : objective_table()) {
    bool any = false;
    // A model without a head is the same layers once more.
    const bool first_of_head = objective->task != model::Task::kFeatures &&
                               *std::ranges::find(objective_table(), objective->task,
                                                  [](const ObjectiveEntry* e) { return e->task; }) == objective;
    for (const model::Family* family : model::family_table()) {
      if (!model::has_head(*family, objective->task) || (any && !first_of_head)) continue;
      SCOPED_TRACE(std::string(objective->name) + " of " + std::string(family->model_type));
      test(*objective, *family);
      any = true;
    }
    EXPECT_TRUE(any) << "no family has a head for " << objective->name;
  }
}

}  // namespace malmoi::train
