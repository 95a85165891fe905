// What is answered without generating: a call of a protocol, on a worker thread.
#pragma once

#include <optional>

#include "protocol/call.h"
#include "serve/exchange.h"

namespace malmoi::serve {

/// Those that take the model's time have places among the answers and wait for their client's turn (serve/turn.h). Calls with a body
/// are of the model that it names, which is loaded for them, unless they are of all models; those without a body always are.
enum class CallTime { kShort, kLong, kOfAll };

asio::awaitable<void> handle_call(Exchange& exchange, protocol::Call call, protocol::Address address, CallTime time);

/// Sends what a call says.
asio::awaitable<void> send_reply(Exchange& exchange, protocol::Reply reply);

/// As handle_call() of one that takes the model's time, without sending anything. Nothing: the client is gone.
asio::awaitable<std::optional<protocol::Reply>> reply_to(Exchange& exchange, protocol::Call call, Json body);

}  // namespace malmoi::serve
