// What tests of training share: a small random model of any family, and random examples for any objective.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "base/rng.h"
#include "model/registry.h"
#include "train/array_source.h"
#include "train/objective.h"

namespace malmoi::train {

/// Without memory; its sizes are the same whatever the family.
inline std::unique_ptr<model::Model> tiny_model(std::string_view family, model::Task task) {
  ConfigDocument document;
  document.root = {{"architecture", family}, {"vocab_size", 29},         {"hidden_size", 16},
                   {"num_hidden_layers", 2}, {"num_attention_heads", 2}, {"max_position_embeddings", 32}};
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
  auto value = [&](const ArrayColumn& column, int64_t t) -> int32_t {
    switch (column.values) {
      case ArrayValues::kIds: return ids[static_cast<size_t>(t)];
      case ArrayValues::kMask: return t < real;
      case ArrayValues::kTokenTypes: return t > length / 2;
      case ArrayValues::kLabels: return t < real && t % 2 == 0 ? below(model.outputs()) : -100;
      case ArrayValues::kNumbers: break;
    }
    return 0;
  };
  std::vector<std::vector<int32_t>> columns;
  for (const ArrayColumn& column : objective.arrays.columns) {
    columns.emplace_back();
    for (int64_t t = 0; t < (column.axis == ArrayAxis::kRow ? 1 : length); ++t)
      columns.back().push_back(value(column, t));
  }
  ArrayRow row;
  for (const auto& column : columns) row.integers.emplace_back(column);
  objective.arrays.append(row, array_limits(model).rules, out);
}

inline Examples random_examples(const ObjectiveEntry& objective, const model::Model& model, uint64_t rows,
                                int64_t length) {
  Examples out;
  for (uint64_t r = 0; r < rows; ++r) append_random_row(objective, model, r, length, out);
  return out;
}

/// Calls test(objective, family) for every pair of the tables that fits together.
template <typename Test>
void for_each_objective(const Test& test) {
  for (const ObjectiveEntry* objective : objective_table()) {
    bool any = false;
    for (const model::Family* family : model::family_table()) {
      bool fits = false;
      for (const model::ModelClass& c : family->classes) fits |= c.task == objective->task;
      if (!fits) continue;
      SCOPED_TRACE(std::string(objective->name) + " of " + std::string(family->model_type));
      test(*objective, *family);
      any = true;
    }
    EXPECT_TRUE(any) << "no family has a head for " << objective->name;
  }
}

}  // namespace malmoi::train
