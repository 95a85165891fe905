// A number of a merge recipe that may differ from tensor to tensor: one for all, a list over the layers, or by the tensors' names.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.h"
#include "base/error.h"

namespace malmoi::merge {

/// What stands at `depth`, from 0 (a slice's first layer, and what belongs to no layer) to 1 (its last), of a list of numbers that
/// are as far from one another: v[i] + f (v[i+1] - v[i]), where depth (n - 1) = i + f. One number is a list of one.
double at_depth(const std::vector<double>& values, double depth);

class Setting {
 public:
  /// Reads a number, true or false (1 and 0), a list of numbers, {filter, value}, or a list of those. Errors: anything else.
  static Result<Setting> read(const Json& value, const std::string& where);

  /// The value for a tensor: of the first part whose filter is `*`, absent, or a part of the tensor's name. None: no part is.
  std::optional<double> value(std::string_view tensor, double depth) const;

 private:
  struct Part {
    std::string filter;  // empty: every tensor
    std::vector<double> values;
  };
  std::vector<Part> parts_;
};

/// The settings of a model, a slice, or the whole recipe, by name.
using Settings = std::map<std::string, Setting, std::less<>>;

}  // namespace malmoi::merge
