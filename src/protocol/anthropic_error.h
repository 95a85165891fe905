// The errors of Anthropic's API: {"type": "error", "error": {"type", "message", ["details"]}, "request_id"}.
#pragma once

#include "protocol/api_error.h"

namespace malmoi::protocol {

/// The type goes by the status, the message begins with the field at fault, `details.error_code` is our own code. Requests
/// have no ids here: `request_id` is null.
Json print_anthropic_error(const ApiError& error);

}  // namespace malmoi::protocol
