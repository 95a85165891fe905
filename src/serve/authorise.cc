#include "serve/authorise.h"

#include <algorithm>
#include <ctime>
#include <string>

#include "base/ascii.h"
#include "base/log.h"
#include "serve/secret.h"

namespace malmoi::serve {
namespace {

using protocol::ApiError;

bool only_reads(const HttpRequest& request) {
  return request.method() == http::verb::get || request.method() == http::verb::head;
}

// A caller whose key is known.
Authorised with_key(const KnownKey& known, Scope needed) {
  Authorised out{.caller = caller_with_key(known.key.name, known.key.scopes, known.limits)};
  out.refusal = is_expired(known.key) ? expired_key() : refuse_scope(out.caller, needed);
  return out;
}

}  // namespace

Authorised authorise(const Shared& shared, const HttpRequest& request, const asio::ip::address& peer, Scope needed) {
  if (needed == Scope::kNone || !shared.access.asks_for_keys()) return {.caller = caller_at(peer)};
  if (const KnownKey* known = shared.access.key_of(request)) return with_key(*known, needed);
  const FoundSession found = session_of(shared, request);
  if (!found.session) return {.caller = caller_at(peer), .refusal = wrong_key()};
  Authorised out = with_key(*found.known, needed);
  if (!only_reads(request) && !has_token(request, *found.session)) out.refusal = missing_token();
  return out;
}

std::optional<ApiError> refuse_scope(const Caller& caller, Scope needed) {
  if (caller.scopes.has(needed)) return {};
  const std::string scope(name_of(needed));
  return ApiError{.status = 403,
                  .message = "this key lacks the scope '" + scope + "', which this path needs; use a key that has it",
                  .type = "permission_error",
                  .code = "insufficient_scope"};
}

FoundSession session_of(const Shared& shared, const HttpRequest& request) {
  const std::string_view cookie = cookie_of(shared.options, request);
  const Session* session = shared.sessions.find(cookie, monotonic_seconds());
  const KnownKey* known = session ? shared.access.keys().find(session->key) : nullptr;
  if (!known || is_expired(known->key)) return {};
  return {.session = session, .known = known};
}

bool has_token(const HttpRequest& request, const Session& session) {
  return same_digest(sha256(view(request["X-Malmoi-CSRF"])), sha256(session.csrf));
}

std::string_view cookie_name(const ServerOptions& options) {
  // Browsers take the first name only over TLS, for this host alone and all its paths (RFC 6265bis, 4.1.3.2).
  return options.tls_certificate.empty() ? "malmoi-session" : "__Host-malmoi-session";
}

std::string_view cookie_of(const ServerOptions& options, const HttpRequest& request) {
  const std::string_view name = cookie_name(options);
  std::string_view rest = view(request[http::field::cookie]);
  while (!rest.empty()) {
    const std::string_view pair = ascii_trim(rest.substr(0, rest.find(';')));
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=')
      return pair.substr(name.size() + 1);
    rest.remove_prefix(std::min(rest.find(';'), rest.size() - 1) + 1);
  }
  return {};
}

bool is_expired(const ApiKey& key) {
  return key.expires > 0 && static_cast<int64_t>(std::time(nullptr)) >= key.expires;
}

ApiError wrong_key() {
  return {.status = 401,
          .message = "the API key is missing or wrong; send it as 'Authorization: Bearer KEY' or 'x-api-key: KEY'",
          .type = "authentication_error",
          .code = "invalid_api_key"};
}

ApiError expired_key() {
  return {.status = 401,
          .message = "this API key has expired; ask whoever runs the server for another one",
          .type = "authentication_error",
          .code = "expired_api_key"};
}

ApiError missing_token() {
  return {.status = 403,
          .message =
              "a request that a cookie authorises must carry the session's token in 'X-Malmoi-CSRF'; GET /session "
              "tells it",
          .type = "permission_error",
          .code = "csrf_token_missing"};
}

}  // namespace malmoi::serve
