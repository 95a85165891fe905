// Calls that take the model's time and write no text: each has a place among the answers, and waits for its client's turn.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <optional>

#include "protocol/call.h"
#include "serve/exchange.h"

namespace malmoi::serve {

/// Runs `work` on the worker for such calls (Shared::slow_calls) and waits for what it says. It may end when nobody waits for it any
/// more, so it must own what it needs. A client that goes away takes back its place at once, and its work where that has not
/// begun: then there is no reply. Errors: as take_places(), a server that stops. Throws what `work` throws.
boost::asio::awaitable<std::optional<protocol::Reply>> in_turn(Exchange& exchange,
                                                               std::function<protocol::Reply()> work);

}  // namespace malmoi::serve
