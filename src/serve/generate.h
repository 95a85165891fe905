// Text by any protocol: from a request to the provider, and its events back as one answer or a stream.
#pragma once

#include <optional>

#include "protocol/call.h"
#include "protocol/text_protocol.h"
#include "serve/exchange.h"

namespace malmoi::serve {

asio::awaitable<void> handle_text(Exchange& exchange, const protocol::TextProtocol& protocol,
                                  protocol::Address address);

/// The same of a body that is part of the request's, as a whole, without sending anything. None: the client is gone.
asio::awaitable<std::optional<protocol::Reply>> whole_text(Exchange& exchange, const protocol::TextProtocol& protocol,
                                                           const Json& body);

}  // namespace malmoi::serve
