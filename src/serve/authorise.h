// Whether a request may do what it asks for: by the key that it carries, or by the session that its browser has.
#pragma once

#include <optional>
#include <string_view>

#include "protocol/api_error.h"
#include "serve/caller.h"
#include "serve/shared.h"

namespace malmoi::serve {

/// Who sends a request, as far as that is known, and why it is refused.
struct Authorised {
  Caller caller;
  std::optional<protocol::ApiError> refusal = {};
};

/// Refuses with 401 where the key is missing, wrong or expired, with 403 where it lacks the scope, or where a request that changes
/// something carries a session's cookie without its token.
///
/// The token (X-Malmoi-CSRF) rather than the fields Origin and Sec-Fetch-Site: browsers leave the latter out at addresses without
/// TLS, and a page of another port is of the same site, so that SameSite alone lets its requests pass. No page but ours can read
/// the token, and none of another origin can send the field without being asked first.
Authorised authorise(const Shared& shared, const HttpRequest& request, const asio::ip::address& peer, Scope needed);

/// What is wrong with a caller for whom a scope is needed; nothing where it has it.
std::optional<protocol::ApiError> refuse_scope(const Caller& caller, Scope needed);

/// The session of a request's cookie, and its key; null where there is none, or the key is gone.
struct FoundSession {
  const Session* session = nullptr;
  const KnownKey* known = nullptr;
};
FoundSession session_of(const Shared& shared, const HttpRequest& request);
/// Whether a request of a session carries its token.
bool has_token(const HttpRequest& request, const Session& session);

/// The cookie's name, and its value in a request; empty where there is none.
std::string_view cookie_name(const ServerOptions& options);
std::string_view cookie_of(const ServerOptions& options, const HttpRequest& request);

/// Whether a key may not be used any more.
bool is_expired(const ApiKey& key);

protocol::ApiError wrong_key();
protocol::ApiError expired_key();
protocol::ApiError missing_token();

}  // namespace malmoi::serve
