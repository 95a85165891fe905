// Failures as Google's APIs tell them.
#pragma once

#include "protocol/api_error.h"

namespace malmoi::protocol {

/// {"error": {"code", "message", "status"}}, with the field at fault, if there is one, in the message and in `details`.
Json print_gemini_error(const ApiError& error);

}  // namespace malmoi::protocol
