#include "protocol/api_error.h"

namespace malmoi::protocol {

ApiError to_api_error(const Error& error) {
  Error told = error;
  told.where.clear();
  ApiError api{.message = told.to_string(), .param = error.where};
  switch (error.code) {
    case ErrorCode::kUsage:
    case ErrorCode::kInvalidData: break;
    case ErrorCode::kUnsupported: api.code = "unsupported_parameter"; break;
    case ErrorCode::kNotFound: api.status = 404, api.code = "not_found"; break;
    case ErrorCode::kOutOfMemory:
    case ErrorCode::kCancelled: api.status = 503, api.type = "server_error", api.code = "unavailable"; break;
    case ErrorCode::kIo:
    case ErrorCode::kInternal: api.status = 500, api.type = "server_error"; break;
  }
  return api;
}

ApiError context_too_short(int64_t asked, int64_t has, const std::string& field) {
  return {.message = "the model's context holds " + std::to_string(has) + " tokens, not " + std::to_string(asked) +
                     "; ask for no more than it holds",
          .param = field};
}

}  // namespace malmoi::protocol
