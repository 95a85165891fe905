// Memory of large bodies, from their first byte until what they ask for has been read: so much in all, which clients share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "protocol/api_error.h"
#include "serve/http.h"
#include "serve/options.h"

namespace malmoi::serve {

struct Shared;
class RequestContext;

/// Bodies up to this are not counted, and so always fit: nearly all requests are. Those of all connections take 128 MiB together.
inline constexpr size_t kSmallBody = 64 << 10;

/// Bytes that large bodies may have together: a few of the largest size, and several of the usual ones. It is shared out as places
/// are (serve/places.h): one client may have them all, and others in need of their share up to as many again.
int64_t body_budget(const ServerOptions& options);

/// Counts a body of so many bytes to the request, until RequestContext::body_bytes is reset, in the place of what was counted of it
/// before. Errors (429): others have the bytes now.
std::optional<protocol::ApiError> hold_body(Shared& shared, RequestContext& context, size_t bytes);

/// The same of the length that a header tells. Of chunks nobody knows it before they come.
std::optional<protocol::ApiError> hold_announced_body(Shared& shared, RequestContext& context,
                                                      const HttpRequest& request);

}  // namespace malmoi::serve
