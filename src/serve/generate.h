// Text by any protocol: from a request to the provider, and its events back as one answer or a stream.
#pragma once

#include "protocol/text_protocol.h"
#include "serve/exchange.h"

namespace malmoi::serve {

asio::awaitable<void> handle_text(Exchange& exchange, const protocol::TextProtocol& protocol,
                                  protocol::Address address);

}  // namespace malmoi::serve
