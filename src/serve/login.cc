#include "serve/login.h"

#include <variant>

#include "base/log.h"
#include "protocol/fields.h"
#include "serve/authorise.h"

namespace malmoi::serve {
namespace {

using protocol::ApiError;

// Read where connections are served: it is short (most_body()).
std::variant<std::string, ApiError> read_login(const std::string& text) {
  auto body = protocol::parse_body(text);
  if (!body.ok()) return protocol::to_api_error(body.error());
  const std::string key = json_string(*body, "key");
  if (key.empty()) return ApiError{.message = "'key' is not a text; send {\"key\": KEY}", .param = "key"};
  return key;
}

std::string cookie_text(const Exchange& exchange, const ServerOptions& options, const std::string& value,
                        int64_t seconds) {
  return std::string(cookie_name(options)) + "=" + value + "; Path=/; Max-Age=" + std::to_string(seconds) +
         "; HttpOnly; SameSite=Strict" + (exchange.is_secure() ? "; Secure" : "");
}

std::variant<HttpResponse, ApiError> log_in(Exchange& exchange) {
  Shared& shared = exchange.shared();
  if (!shared.access.asks_for_keys())
    return ApiError{.message = "this server asks for no key; send requests without one", .code = "no_key_needed"};
  const auto read = read_login(exchange.request().body());
  if (const auto* error = std::get_if<ApiError>(&read)) return *error;
  const KnownKey* known = shared.access.find_key(std::get<std::string>(read));
  if (!known) return wrong_key();
  if (is_expired(known->key)) return expired_key();
  auto opened = shared.sessions.open(known->key.digest, monotonic_seconds());
  if (!opened.ok()) return protocol::to_api_error(opened.error());
  shared.sessions.close(cookie_of(shared.options, exchange.request()));  // the browser's one before
  HttpResponse response = json_response(http::status::ok, {{"name", known->key.name}, {"csrf", opened->csrf}});
  response.set(http::field::set_cookie,
               cookie_text(exchange, shared.options, opened->cookie, static_cast<int64_t>(Sessions::kSeconds)));
  exchange.context().caller.name = known->key.name;
  return response;
}

std::variant<HttpResponse, ApiError> log_out(Exchange& exchange) {
  Shared& shared = exchange.shared();
  const FoundSession found = session_of(shared, exchange.request());
  if (found.session && !has_token(exchange.request(), *found.session)) return missing_token();
  shared.sessions.close(cookie_of(shared.options, exchange.request()));
  HttpResponse response(http::status::no_content, 11);
  response.set(http::field::set_cookie, cookie_text(exchange, shared.options, "", 0));
  return response;
}

asio::awaitable<void> send(Exchange& exchange, std::variant<HttpResponse, ApiError> answer) {
  if (const auto* error = std::get_if<ApiError>(&answer)) {
    co_await exchange.send_error(*error);
    co_return;
  }
  co_await exchange.send(std::get<HttpResponse>(std::move(answer)));
}

}  // namespace

asio::awaitable<void> handle_login(Exchange& exchange) { return send(exchange, log_in(exchange)); }

asio::awaitable<void> handle_logout(Exchange& exchange) { return send(exchange, log_out(exchange)); }

asio::awaitable<void> handle_session(Exchange& exchange) {
  const Shared& shared = exchange.shared();
  const FoundSession found = session_of(shared, exchange.request());
  Json told{{"key_needed", shared.access.asks_for_keys()}, {"name", nullptr}, {"csrf", nullptr}};
  if (found.session) {
    told["name"] = found.known->key.name;
    told["csrf"] = found.session->csrf;
  }
  return exchange.send(json_response(http::status::ok, told));
}

}  // namespace malmoi::serve
