// How a browser gives its key once: /login, /logout, /session.
#pragma once

#include "serve/exchange.h"

namespace malmoi::serve {

/// POST {"key": KEY}: a cookie that stands for the key, which no script can read and no other site's request carries, and
/// {"name", "csrf"}.
asio::awaitable<void> handle_login(Exchange& exchange);
/// POST: the session ends, and the cookie goes.
asio::awaitable<void> handle_logout(Exchange& exchange);
/// GET {"key_needed", "name", "csrf"}: whether a key is asked for, and, of a browser that has a session, whose it is, and what its
/// requests must carry; null of others.
asio::awaitable<void> handle_session(Exchange& exchange);

}  // namespace malmoi::serve
