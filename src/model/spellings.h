// The names under which files hold a published tensor.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/family.h"

namespace malmoi::model {

/// The published name first, then as older and newer files of the family spell it.
std::vector<std::string> spellings(const Family& family, const std::string& name);

/// The module whose weight a tensor is: what stands before `.weight`; empty where it is none's.
std::string module_name(std::string_view tensor);

/// The name under which a model is saved: that of the plain model has no prefix where it is one for features.
std::string saved_name(const Family& family, const Model& model, const std::string& name);

/// Whether a tensor of a file is written again as it was when the model is saved.
bool is_carried(const Family& family, const Model& model, const std::string& name);

/// Whether a file of the family may hold a tensor of this name that the model has no use for: a buffer, another head.
bool may_be_left(const Family& family, const Model& model, std::string_view name);

}  // namespace malmoi::model
