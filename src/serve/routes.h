// From a request to what answers it: refusals first, then the route that the table has for its path (serve/route_table.h).
#pragma once

#include <optional>

#include "serve/exchange.h"

namespace malmoi::serve {

/// Refuses what can be refused from a request's header alone: the host, a missing key or one that lacks the scope, an unknown path
/// or method, a wrong content type, a model that is not loaded yet, a caller who has used up its limits. `context` is told who calls.
std::optional<HttpResponse> refuse(Shared& shared, const HttpRequest& request, RequestContext& context);

/// Whether the body of a request that was not refused means anything; others are not read.
bool wants_body(const HttpRequest& request);

/// Answers a request that was not refused.
asio::awaitable<void> handle_request(Exchange& exchange);

}  // namespace malmoi::serve
