// Errors as OpenAI's API gives them: {"error": {"message", "type", "param", "code"}} with an HTTP status.
#pragma once

#include <string>

#include "base/error.h"
#include "base/json.h"

namespace malmoi::protocol {

/// What a client is told of a failure.
struct ApiError {
  int status = 400;
  std::string message;
  std::string type = "invalid_request_error";
  std::string param;  // the field at fault; empty prints as null
  std::string code;   // a word that programs compare; empty prints as null
};

/// usage, invalid data, unsupported -> 400; not found -> 404; out of memory, cancelled -> 503; the rest -> 500.
/// The error's `where` becomes `param`.
ApiError to_api_error(const Error& error);

Json print_error(const ApiError& error);

}  // namespace malmoi::protocol
