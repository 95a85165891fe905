// The description of the server's paths as an OpenAPI document: the pieces in src/serve/openapi/, one a protocol, put together.
#pragma once

#include "base/json.h"

namespace malmoi::serve {

/// What stands at /openapi.json. The samplers and their ranges come from the table by which requests are read.
Json openapi_document();

/// The same as text, made at the first call.
const std::string& openapi_text();

}  // namespace malmoi::serve
