// What a merge will write, tensor by tensor, and from what: everything that can be wrong is found before the first byte is written.
#pragma once

#include <span>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "formats/element_type.h"
#include "merge/method.h"
#include "merge/recipe.h"
#include "model/folder_tensors.h"

namespace malmoi::merge {

/// Where the values of an input lie.
struct PlannedInput {
  size_t model = 0;  // in the order of Recipe::models()
  const formats::StoredTensor* stored = nullptr;
};

struct PlannedTensor {
  Ingredients ingredients;  // without values; `shape` is the inputs'
  std::vector<PlannedInput> inputs;
  formats::ElementType type = formats::ElementType::kF32;  // of what is written
  bool by_token = false;
};

struct Plan {
  Json config;  // of the model that is made; its vocabulary still that of the first model
  std::vector<PlannedTensor> tensors;
};

/// `folders`: those of recipe.models(), in their order; the plan points into them. Errors: families or sizes that differ, layers that
/// are not there, too few or too many models for the method, a missing base, weight or t, layers that make no model together.
Result<Plan> make_plan(const Recipe& recipe, std::span<const model::FolderTensors> folders, uint64_t seed);

}  // namespace malmoi::merge
