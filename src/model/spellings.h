// The names under which files hold a published tensor.
#pragma once

#include <string>
#include <vector>

#include "model/family.h"

namespace malmoi::model {

/// The published name first, then as older and newer files of the family spell it.
std::vector<std::string> spellings(const Family& family, const std::string& name);

}  // namespace malmoi::model
