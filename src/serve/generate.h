// /v1/completions and /v1/chat/completions: from a request to the provider, and its events back as one answer or a stream.
#pragma once

#include "serve/exchange.h"

namespace malmoi::serve {

asio::awaitable<void> handle_completions(Exchange& exchange);
asio::awaitable<void> handle_chat(Exchange& exchange);

}  // namespace malmoi::serve
