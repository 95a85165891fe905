// What a recipe says for one tensor: the settings of its models, its slice and the whole, in this order.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "merge/method.h"
#include "merge/recipe.h"

namespace malmoi::merge {

class Lookup {
 public:
  Lookup(const Recipe& recipe, const RecipeSlice& slice, double depth)
      : recipe_(recipe), slice_(slice), depth_(depth) {}

  /// The settings that hold for a tensor whatever its models are. Error: a missing t.
  Status fill(Ingredients& ingredients) const;
  /// Those of one model, whose tensor has this name. Error: a missing weight.
  Result<Input> input(const RecipeSource& source, std::string_view tensor, bool is_base) const;
  /// Whether the method can do with so many models. Errors: too few, too many, no base.
  Status check_inputs(const Ingredients& ingredients) const;

 private:
  std::optional<double> find(std::string_view key, std::string_view tensor, const RecipeSource* source) const;

  const Recipe& recipe_;
  const RecipeSlice& slice_;
  double depth_;
};

}  // namespace malmoi::merge
