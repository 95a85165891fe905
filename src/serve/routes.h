// From a request to what answers it: refusals first, then the route that the table has for its path (serve/route_table.h).
#pragma once

#include <cstdint>
#include <optional>

#include "serve/exchange.h"

namespace malmoi::serve {

/// Refuses what can be refused from a request's header alone: the host, a missing key or one that lacks the scope, an unknown path
/// or method, a wrong content type, a model that is not loaded yet, a body for which there is no memory now, a caller who has used up
/// its limits. `context` is told who calls, and what its body has of that memory.
std::optional<HttpResponse> refuse(Shared& shared, const HttpRequest& request, RequestContext& context);

/// Whether the body of a request that was not refused means anything; others are not read.
bool wants_body(const HttpRequest& request);

/// How many bytes such a body may have: few at paths that ask for no key, so that nobody fills the memory without one.
uint64_t most_body(const ServerOptions& options, const HttpRequest& request);

/// Answers a request that was not refused.
asio::awaitable<void> handle_request(Exchange& exchange);

}  // namespace malmoi::serve
