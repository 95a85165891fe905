// Modules that a configuration names to be left as they are, where the matrices of a model go into fewer bits.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/model.h"

namespace malmoi::quantize {

class SkippedModules {
 public:
  /// Names are published ones, whole or what they end with. Errors: a name that fits no module, or only a part of what is one
  /// matrix here. `where` names the settings ("model.quantize").
  static Result<SkippedModules> make(const model::Model& model, const std::vector<std::string>& names,
                                     const std::string& where);
  bool contains(const nn::ParameterSet::Entry& entry) const { return named_.contains(&entry); }

 private:
  Status check_whole(const std::string& where) const;

  std::map<const nn::ParameterSet::Entry*, std::set<std::string>> named_;
};

/// Whether a parameter is a matrix that products or look-ups read in rows, and that may be trained: what blocks can hold.
bool may_be_packed(const nn::ParameterSet::Entry& entry);

}  // namespace malmoi::quantize
