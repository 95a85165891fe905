#include "protocol/anthropic_error.h"

namespace malmoi::protocol {
namespace {

const char* type_of(int status) {
  switch (status) {
    case 401: return "authentication_error";
    case 403: return "permission_error";
    case 404: return "not_found_error";
    case 413: return "request_too_large";
    case 429: return "rate_limit_error";
    case 503: return "overloaded_error";
    default: return status < 500 ? "invalid_request_error" : "api_error";
  }
}

}  // namespace

Json print_anthropic_error(const ApiError& error) {
  Json told = {{"type", type_of(error.status)},
               {"message", error.param.empty() ? error.message : error.param + ": " + error.message}};
  if (!error.code.empty()) told["details"]["error_code"] = error.code;
  return {{"type", "error"}, {"error", std::move(told)}, {"request_id", nullptr}};
}

}  // namespace malmoi::protocol
