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

std::unique_ptr<Objective> make_objective(const ObjectiveConfig& config) {
  return objective_entry(config.name).make(config);
}

void LossSums::operator+=(const LossSums& other) {
  loss += other.loss;
  for (const Figure& figure : other.figures) {
    auto mine = std::find_if(figures.begin(), figures.end(), [&](const Figure& f) { return f.name == figure.name; });
    if (mine == figures.end()) figures.push_back(figure);
    else mine->value += figure.value;
  }
  auto append = [](std::vector<int32_t>& to, const std::vector<int32_t>& from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  append(predictions.targets, other.predictions.targets);
  append(predictions.predicted, other.predictions.predicted);
}

}  // namespace malmoi::train
