// How several tensors become one: the methods of mergekit, a file each under methods/, which table.inc lists.
//
// All values are f32 whatever the files hold. Where mergekit draws at random (DARE, DELLA), the same rule draws here from counted random
// numbers (base/rng.h), so a seed gives the same bits on any number of threads.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace malmoi::merge {

/// One of the tensors, with what the recipe says of its model.
struct Input {
  std::vector<float> values;
  std::optional<double> weight, scale;
  double density = 1, gamma = 0.01, epsilon = 0.15;
};

/// What one merged tensor is made of.
struct Ingredients {
  std::string name;  // of the tensor
  std::vector<int64_t> shape;
  std::vector<Input> inputs;   // in the order of the recipe, of one shape
  std::optional<size_t> base;  // which of them is the base
  bool normalize = false, rescale = false, filter_wise = false;
  double lambda = 1, t = 0;
  uint64_t seed = 1;

  size_t elements() const { return inputs.front().values.size(); }
};

/// A line of the table. `merge` may use up its inputs.
struct Method {
  std::string_view name;
  std::vector<std::string_view> settings;  // names that it reads, of the recipe's parameters
  bool needs_base = false;
  bool needs_weight = false;                // of every model but the base
  bool weighs_base = false;                 // the base's, too
  size_t least = 1, most = SIZE_MAX;        // tensors, the base among them
  bool normalize = false, rescale = false;  // where the recipe does not say
  Result<std::vector<float>> (*merge)(Ingredients& ingredients) = nullptr;
};

std::span<const Method* const> method_table();
/// Null if there is none of this name.
const Method* find_method(std::string_view name);
/// `linear, slerp, ...` for messages.
std::string method_names();
/// Every setting that some method reads.
bool is_setting(std::string_view name);

}  // namespace malmoi::merge
