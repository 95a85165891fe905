// What is answered without generating: a call of a protocol, on a worker thread.
#pragma once

#include "protocol/call.h"
#include "serve/exchange.h"

namespace malmoi::serve {

/// Those that take the model's time run where they hold up nobody whose body is to be read. Calls with a body are of the model
/// that it names, which is loaded for them, unless they are of all models; those without a body always are.
enum class CallTime { kShort, kLong, kOfAll };

asio::awaitable<void> handle_call(Exchange& exchange, protocol::Call call, protocol::Address address, CallTime time);

/// Sends what a call says.
asio::awaitable<void> send_reply(Exchange& exchange, protocol::Reply reply);

/// As handle_call(), without sending anything.
asio::awaitable<protocol::Reply> reply_to(Exchange& exchange, protocol::Call call, const Json& body);

}  // namespace malmoi::serve
