#include "protocol/gemini_error.h"

#include <string_view>

namespace malmoi::protocol {
namespace {

// The name that goes with a status of HTTP (google.rpc.Code).
std::string_view status_name(int status) {
  switch (status) {
    case 401: return "UNAUTHENTICATED";
    case 403: return "PERMISSION_DENIED";
    case 404: return "NOT_FOUND";
    case 405:
    case 501: return "UNIMPLEMENTED";
    case 429: return "RESOURCE_EXHAUSTED";
    case 503: return "UNAVAILABLE";
    case 408:
    case 504: return "DEADLINE_EXCEEDED";
    default: return status < 500 ? "INVALID_ARGUMENT" : "INTERNAL";
  }
}

}  // namespace

Json print_gemini_error(const ApiError& error) {
  Json told = {{"code", error.status}};
  told["message"] = error.param.empty() ? error.message : error.param + ": " + error.message;
  told["status"] = status_name(error.status);
  if (!error.param.empty()) {
    Json violation = {{"field", error.param}, {"description", error.message}};
    Json detail = {{"@type", "type.googleapis.com/google.rpc.BadRequest"}};
    detail["fieldViolations"] = Json::array({std::move(violation)});
    told["details"] = Json::array({std::move(detail)});
  }
  Json json = Json::object();
  json["error"] = std::move(told);
  return json;
}

}  // namespace malmoi::protocol
