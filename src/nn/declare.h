// Where a module declares its parameters: a set and the published prefix of the module's name.
#pragma once

#include <string>
#include <string_view>

#include "nn/parameter_set.h"

namespace malmoi::nn {

/// `declare / "self_attn" / "q_proj"` is the place of "...self_attn.q_proj"; modules put `.weight` and `.bias` behind it.
class Declare {
 public:
  /// `std`: of the normal distribution that matrices start from where a module says nothing else.
  Declare(ParameterSet& set, std::string path, double std) : set_(&set), path_(std::move(path)), std_(std) {}
  Declare operator/(std::string_view name) const {
    return {*set_, path_.empty() ? std::string(name) : path_ + "." + std::string(name), std_};
  }
  Declare operator/(int64_t index) const { return *this / std::to_string(index); }
  /// The full name of a tensor of this module.
  std::string tensor(std::string_view name) const { return path_ + "." + std::string(name); }
  const std::string& path() const { return path_; }
  double std() const { return std_; }
  ParameterSet& set() const { return *set_; }

 private:
  ParameterSet* set_;
  std::string path_;
  double std_;
};

}  // namespace malmoi::nn
