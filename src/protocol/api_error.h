// What a client is told of a failure, whatever the form that its protocol gives it.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "base/json.h"

namespace malmoi::protocol {

struct ApiError {
  int status = 400;  // of HTTP
  std::string message;
  std::string type = "invalid_request_error";  // as OpenAI names them; other protocols go by the status
  std::string param;                           // the field at fault; may be empty
  std::string code;                            // a word that programs compare; may be empty
  int64_t retry_seconds = 1;                   // of 429 and 503: when to try again
};

/// usage, invalid data, unsupported -> 400; not found -> 404; out of memory, cancelled -> 503; the rest -> 500.
/// The error's `where` becomes `param`.
ApiError to_api_error(const Error& error);

/// What is said of `field`, which asks for more tokens of context than the model has.
ApiError context_too_short(int64_t asked, int64_t has, const std::string& field);

/// How a protocol prints a failure.
using PrintError = Json (*)(const ApiError& error);

}  // namespace malmoi::protocol
