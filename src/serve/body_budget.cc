#include "serve/body_budget.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "serve/request_context.h"
#include "serve/shared.h"

namespace malmoi::serve {
namespace {

// Of the largest bodies. With fewer one that comes slowly would keep the others waiting; each may be a gigabyte.
constexpr int64_t kLargestAtOnce = 4;
// Where bodies are kept small: a thousand that are just counted, on a machine that holds a model.
constexpr int64_t kLeastBudget = 64 << 20;

protocol::ApiError no_room_for(size_t bytes, const Places& held) {
  return {.status = 429,
          .message = fmt::format("this body would take {} bytes of memory, and those that are read now have {}; try "
                                 "again soon, or send no more than {} bytes",
                                 bytes, held.total(), kSmallBody),
          .type = "rate_limit_error",
          .code = "server_busy"};
}

// 0: none is told, or none that can be.
size_t announced_length(const HttpRequest& request) {
  const std::string_view text = view(request[http::field::content_length]);
  size_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  return error == std::errc() && end == text.data() + text.size() ? length : 0;
}

}  // namespace

int64_t body_budget(const ServerOptions& options) {
  return std::max(kLargestAtOnce * static_cast<int64_t>(options.max_body_bytes), kLeastBudget);
}

std::optional<protocol::ApiError> hold_body(Shared& shared, RequestContext& context, size_t bytes) {
  if (bytes <= kSmallBody) return {};
  std::optional<PlacesHeld>& held = context.body_bytes;
  const auto wanted = static_cast<int64_t>(bytes);
  if (held && wanted <= held->count()) return {};
  bool fits = false;
  if (held) {
    fits = held->grow(wanted - held->count());
  } else if (auto taken = PlacesHeld::take(shared.body_bytes, context.caller.client, wanted, 0)) {
    held.emplace(*std::move(taken));
    fits = true;
  }
  if (fits) return {};
  return no_room_for(bytes, shared.body_bytes);
}

std::optional<protocol::ApiError> hold_announced_body(Shared& shared, RequestContext& context,
                                                      const HttpRequest& request) {
  const size_t length = announced_length(request);
  if (length > shared.options.max_body_bytes) return {};  // is refused for good
  return hold_body(shared, context, length);
}

}  // namespace malmoi::serve
