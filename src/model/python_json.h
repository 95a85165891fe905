// JSON as Python writes it.
#pragma once

#include <string>

namespace malmoi::model {

/// Python writes `Infinity` and `NaN`, which are not JSON, where a field has no limit: null here.
std::string without_python_numbers(std::string text);

}  // namespace malmoi::model
