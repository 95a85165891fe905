// Errors as OpenAI's API gives them.
#pragma once

#include "protocol/api_error.h"

namespace malmoi::protocol {

/// {"error": {"message", "type", "param", "code"}}; what is empty prints as null.
Json print_openai_error(const ApiError& error);

}  // namespace malmoi::protocol
