// GET /runs/NAME/events: what comes of a training run, as server-sent events.
#pragma once

#include "serve/exchange.h"

namespace malmoi::serve {

/// Ends with the run, the server, or the client's going away. So many clients may follow runs at a time (kMostFollowers); more are
/// refused with 429.
asio::awaitable<void> follow_run(Exchange& exchange);

inline constexpr int kMostFollowers = 32;

}  // namespace malmoi::serve
