// The values of `format` that are kept to, each as a regular expression.
#pragma once

#include <string>
#include <string_view>

namespace malmoi::grammar {

/// The expression of a format, anchored by being whole; null for one that is not known.
const char* format_regex(std::string_view name);

/// All names, for errors: "date, time, ...".
std::string format_names();

}  // namespace malmoi::grammar
