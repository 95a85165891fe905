#include "train/objective.h"

#include <algorithm>
#include <cassert>

namespace malmoi::train {

#define OBJECTIVE(name)                  \
  namespace name {                       \
  extern const ObjectiveEntry objective; \
  }
#include "train/objectives/table.inc"
#undef OBJECTIVE

std::span<const ObjectiveEntry* const> objective_table() {
  static constexpr const ObjectiveEntry* kTable[] = {
#define OBJECTIVE(name) &name::objective,
#include "train/objectives/table.inc"
#undef OBJECTIVE
  };
  return kTable;
}

const ObjectiveEntry& objective_entry(std::string_view name) {
  auto table = objective_table();
  auto found = std::find_if(table.begin(), table.end(), [&](const ObjectiveEntry* e) { return e->name == name; });
  assert(found != table.end());
  return **found;
}

std::unique_ptr<Objective> make_objective(const ObjectiveConfig& config, const FrozenModel& frozen) {
  return objective_entry(config.name).make(config, frozen);
}

int64_t rows_together(const ObjectiveConfig& config) {
  const ObjectiveEntry& entry = objective_entry(config.name);
  return entry.rows_together ? entry.rows_together(config) : 1;
}

Beside beside(const ObjectiveConfig& config) {
  const ObjectiveEntry& entry = objective_entry(config.name);
  return entry.beside ? entry.beside(config) : Beside::kNothing;
}

void LossSums::operator+=(const LossSums& other) {
  loss += other.loss;
  for (const Figure& figure : other.figures) {
    auto mine = std::find_if(figures.begin(), figures.end(), [&](const Figure& f) { return f.name == figure.name; });
    if (mine == figures.end()) {
      figures.push_back(figure);
      continue;
    }
    mine->value += figure.value;
    mine->values.insert(mine->values.end(), figure.values.begin(), figure.values.end());
  }
  auto append = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
  append(predictions.targets, other.predictions.targets);
  append(predictions.predicted, other.predictions.predicted);
  append(predictions.wanted, other.predictions.wanted);
  append(predictions.given, other.predictions.given);
}

}  // namespace malmoi::train
