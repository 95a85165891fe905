// Bodies of Google's API in one form: it takes several.
#pragma once

#include <string>
#include <vector>

#include "protocol/fields.h"

namespace malmoi::protocol {

/// A body with its keys in camelCase: the API takes snake_case, too, and clients mix them. What is the caller's own stays as it
/// is: arguments and results of functions, JSON schemas, names of properties. Errors: a key that is there in both forms.
Result<Json> in_camel_case(const Json& body);

/// The elements of a list; a lone value stands for a list of one, as the API takes it.
std::vector<const Json*> elements(const Json& value);

/// Refuses a field that is there, even as an empty object: `{"googleSearch": {}}` asks for a search. `prefix`: of `fields`.
void refuse_any(Fields& fields, const std::string& prefix, const char* name, const std::string& why);

}  // namespace malmoi::protocol
