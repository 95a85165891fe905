#include "serve/over_limit.h"

#include <fmt/format.h>

namespace malmoi::serve {
namespace {

std::string message_of(const OverLimit& over) {
  switch (over.kind) {
    case OverLimit::Kind::kRequests:
      return fmt::format("this key may send {} requests a minute; try again in {} s", over.limit, over.seconds);
    case OverLimit::Kind::kTokens:
      return fmt::format("this key may use {} tokens a minute; try again in {} s", over.limit, over.seconds);
    case OverLimit::Kind::kConcurrency: break;
  }
  return fmt::format("this key may have {} requests under way at once; wait for one to end", over.limit);
}

}  // namespace

protocol::ApiError to_api_error(const OverLimit& over) {
  return {.status = 429,
          .message = message_of(over),
          .type = "rate_limit_error",
          .code = "rate_limit_exceeded",
          .retry_seconds = over.seconds};
}

protocol::ApiError never_fits(int64_t tokens, int64_t limit) {
  return {.message = fmt::format("the prompt has {} tokens, and this key may use {} a minute; shorten the prompt",
                                 tokens, limit),
          .code = "tokens_limit_exceeded"};
}

}  // namespace malmoi::serve
