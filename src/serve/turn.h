// Work that waits for its client's turn: calls that take the model's time and write no text, documents that are read.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <optional>

#include "protocol/call.h"
#include "serve/exchange.h"
#include "serve/fair_queue.h"

namespace malmoi::serve {

/// Runs `work` on one of `workers`, which take what `turns` has for them, and waits for what it says. It may end when nobody waits for
/// it any more, so it must own what it needs. A client that goes away takes back its work where that has not begun: then there is
/// no reply. Errors: a server that stops. Throws what `work` throws. Both outlive the exchange (Shared).
boost::asio::awaitable<std::optional<protocol::Reply>> in_turn(Exchange& exchange, FairQueue& turns,
                                                               boost::asio::thread_pool& workers,
                                                               std::function<protocol::Reply()> work);

}  // namespace malmoi::serve
