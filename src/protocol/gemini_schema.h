// Schemas as Google's API writes them (a part of OpenAPI 3.0) as JSON schemas.
#pragma once

#include "base/json.h"

namespace malmoi::protocol {

/// `schema`: with keys in camelCase. Types become lower-case, properties stand as `propertyOrdering` has them, counts written as
/// texts become numbers; formats that say how a number is stored, which no rule of JSON is, are left out. What is no schema
/// stays as it is: who enforces it refuses it.
Json to_json_schema(const Json& schema);

}  // namespace malmoi::protocol
