#include "serve/routes.h"

#include <boost/beast/core/string.hpp>
#include <variant>

#include "base/percent.h"
#include "protocol/fields.h"
#include "protocol/ollama_answers.h"
#include "protocol/ollama_chat.h"
#include "protocol/ollama_generate.h"
#include "protocol/ollama_models.h"
#include "protocol/openai_chat.h"
#include "protocol/openai_completions.h"
#include "protocol/openai_models.h"
#include "protocol/tokenize.h"
#include "serve/generate.h"
#include "serve/page.h"
#include "serve/target.h"

namespace malmoi::serve {
namespace {

asio::awaitable<void> handle_live(Exchange& exchange) {
  return exchange.send(json_response(http::status::ok, {{"status", "ok"}}));
}

HttpResponse not_ready(Json told) { return json_response(http::status::service_unavailable, told); }

asio::awaitable<void> handle_ready(Exchange& exchange) {
  Shared& shared = exchange.shared();
  if (shared.stopping) return exchange.send(not_ready({{"status", "stopping"}}));
  const chat::Provider* provider = shared.provider;
  if (!provider) return exchange.send(not_ready({{"status", "loading"}}));
  if (Status health = provider->health(); !health.ok())
    return exchange.send(not_ready({{"status", "failed"}, {"message", health.error().to_string()}}));
  return exchange.send(json_response(http::status::ok, {{"status", "ok"}}));
}

asio::awaitable<void> handle_page(Exchange& exchange) { return exchange.send(page_response(exchange.request())); }

asio::awaitable<void> handle_metrics(Exchange& exchange) {
  Shared& shared = exchange.shared();
  const chat::Provider* provider = shared.provider;
  chat::ProviderStats stats;
  if (provider) stats = provider->stats();
  std::string text = shared.metrics.print(provider ? &stats : nullptr, provider ? provider->info().name : "");
  return exchange.send(text_response(http::status::ok, "text/plain; version=0.0.4; charset=utf-8", std::move(text)));
}

// Answers at once, on a worker thread.
asio::awaitable<void> handle_call(Exchange& exchange, protocol::Call call, protocol::Address address) {
  const chat::Provider& provider = *exchange.shared().provider;
  const HttpRequest& request = exchange.request();
  protocol::Reply reply = co_await exchange.on_worker([&]() -> protocol::Reply {
    if (request.method() != http::verb::post) return call(Json(), address, provider);
    auto body = protocol::parse_body(request.body());
    if (!body.ok()) return protocol::to_api_error(body.error());
    return call(*body, address, provider);
  });
  if (auto* error = std::get_if<protocol::ApiError>(&reply)) {
    co_await exchange.send_error(*error);
    co_return;
  }
  HttpResponse response = json_response(http::status::ok, std::get<Json>(reply));
  co_await exchange.send(std::move(response));
}

using Handler = asio::awaitable<void> (*)(Exchange& exchange);

struct Route {
  http::verb method;
  std::string_view path;  // one `*` stands for any text but the empty one
  bool needs_key;
  bool needs_model;
  /// What answers: the server itself, a protocol of text, or a call.
  std::variant<Handler, const protocol::TextProtocol*, protocol::Call> answer;
  protocol::PrintError print_error = protocol::print_openai_error;
  bool any_type = false;  // bodies need not be declared as JSON, where no web page sent them
};

// One line a path. Of two that match, the first stands.
const Route kRoutes[] = {
    {http::verb::get, "/livez", false, false, handle_live},
    {http::verb::get, "/readyz", false, false, handle_ready},
    {http::verb::get, "/health", false, false, handle_ready},
    {http::verb::get, "/metrics", true, false, handle_metrics},
    {http::verb::get, "/v1/models", true, true, protocol::list_models},
    {http::verb::get, "/v1/models/*", true, true, protocol::show_model},
    {http::verb::post, "/v1/completions", true, true, &protocol::kOpenAiCompletions},
    {http::verb::post, "/v1/chat/completions", true, true, &protocol::kOpenAiChat},
    {http::verb::post, "/tokenize", true, true, protocol::tokenize},
    {http::verb::post, "/detokenize", true, true, protocol::detokenize},
    {http::verb::post, "/api/chat", true, true, &protocol::kOllamaChat, protocol::print_ollama_error, true},
    {http::verb::post, "/api/generate", true, true, &protocol::kOllamaGenerate, protocol::print_ollama_error, true},
    {http::verb::post, "/api/show", true, true, protocol::show_ollama_model, protocol::print_ollama_error, true},
    {http::verb::get, "/api/tags", true, true, protocol::list_ollama_models, protocol::print_ollama_error},
    {http::verb::get, "/api/ps", true, true, protocol::list_loaded_ollama_models, protocol::print_ollama_error},
    {http::verb::get, "/api/version", true, true, protocol::ollama_version, protocol::print_ollama_error},
};
const Route kPageRoute = {http::verb::get, "/", false, false, handle_page};

// What stands for the `*` of a path; empty where there is none. Nothing: another path.
std::optional<std::string_view> matched(std::string_view pattern, std::string_view path) {
  const size_t star = pattern.find('*');
  if (star == std::string_view::npos) return path == pattern ? std::optional(std::string_view()) : std::nullopt;
  const std::string_view before = pattern.substr(0, star), after = pattern.substr(star + 1);
  if (path.size() <= before.size() + after.size() || !path.starts_with(before) || !path.ends_with(after)) return {};
  return path.substr(before.size(), path.size() - before.size() - after.size());
}

// Paths may take several methods: the first that matches, of the request's own method where there is one.
const Route* find_route(std::string_view path, http::verb method) {
  if (is_page(path)) return &kPageRoute;
  const bool reads = method == http::verb::get || method == http::verb::head;
  const Route* other = nullptr;
  for (const Route& route : kRoutes) {
    if (!matched(route.path, path)) continue;
    if (route.method == method || (reads && route.method == http::verb::get)) return &route;
    if (!other) other = &route;
  }
  return other;
}
const Route* find_route(const HttpRequest& request) { return find_route(path_of(request), request.method()); }

protocol::Address address_of(const Route& route, const HttpRequest& request) {
  const std::string_view name = matched(route.path, path_of(request)).value_or("");
  return {.name = percent_decode(name), .query = std::string(query_of(request))};
}

protocol::ApiError not_found_error(std::string_view path) {
  return {.status = 404,
          .message = "there is nothing at " + dump_json(Json(protocol::shown(path))) +
                     "; the API is at /v1/completions, /v1/chat/completions and /v1/models",
          .code = "unknown_url"};
}

const char* methods_of(const Route& route) { return route.method == http::verb::get ? "GET, HEAD" : "POST"; }

// What a path takes; of `*`, the server as a whole.
asio::awaitable<void> handle_options(Exchange& exchange) {
  const HttpRequest& request = exchange.request();
  if (request.count(http::field::origin) > 0) return exchange.send(exchange.shared().access.preflight(request));
  const Route* route = find_route(request);
  HttpResponse response(http::status::no_content, 11);
  response.set(http::field::allow, std::string(route ? methods_of(*route) : "GET, HEAD, POST") + ", OPTIONS");
  return exchange.send(std::move(response));
}

// Some clients send JSON under another type, as `curl -d` does. So may the pages of any site, without asking first (a "simple
// request"), and a JSON type is what keeps them from having a model run for them: what they send must have it.
std::optional<protocol::ApiError> refuse_body(const Route& route, const HttpRequest& request) {
  if (!has_json_body(request) && (!route.any_type || is_of_page(request)))
    return protocol::ApiError{.status = 415,
                              .message = "the body must be JSON; send 'Content-Type: application/json'",
                              .code = "unsupported_media_type"};
  if (request.count(http::field::content_encoding) > 0 &&
      !beast::iequals(request[http::field::content_encoding], "identity"))
    return protocol::ApiError{.status = 415,
                              .message = "bodies are read as they are; send it without Content-Encoding",
                              .code = "unsupported_media_type"};
  return {};
}

}  // namespace

protocol::PrintError errors_of(const HttpRequest& request) {
  const Route* route = find_route(request);
  if (route) return route->print_error;
  return path_of(request).starts_with("/api/") ? protocol::print_ollama_error : protocol::print_openai_error;
}

std::optional<HttpResponse> refuse(Shared& shared, const HttpRequest& request) {
  const Route* route = find_route(request);
  auto refusal = [&](const protocol::ApiError& error) { return error_response(error, errors_of(request)); };
  if (auto error = shared.access.refuse_host(request)) return refusal(*error);
  bool asks = request.method() == http::verb::options;
  if (!route && !(asks && path_of(request) == "*")) return refusal(not_found_error(path_of(request)));
  if (asks) return {};
  bool reads = request.method() == http::verb::get || request.method() == http::verb::head;
  if (request.method() != route->method && !(reads && route->method == http::verb::get)) {
    const char* allowed = methods_of(*route);
    HttpResponse response =
        refusal({.status = 405, .message = std::string("this path takes ") + allowed, .code = "method_not_allowed"});
    response.set(http::field::allow, allowed);
    return response;
  }
  if (route->needs_key && !shared.access.has_key(request))
    return refusal({.status = 401,
                    .message = "the API key is missing or wrong; send it as 'Authorization: Bearer KEY'",
                    .type = "authentication_error",
                    .code = "invalid_api_key"});
  if (route->needs_model && !shared.provider)
    return refusal({.status = 503,
                    .message = "the model is still loading; try again soon",
                    .type = "server_error",
                    .code = "loading"});
  if (route->method == http::verb::post) {
    if (auto error = refuse_body(*route, request)) return refusal(*error);
  }
  return {};
}

bool wants_body(const HttpRequest& request) { return request.method() == http::verb::post; }

asio::awaitable<void> handle_request(Exchange& exchange) {
  const HttpRequest& request = exchange.request();
  if (request.method() == http::verb::options) return handle_options(exchange);
  const Route& route = *find_route(request);
  if (const Handler* handle = std::get_if<Handler>(&route.answer)) return (*handle)(exchange);
  if (const auto* text = std::get_if<const protocol::TextProtocol*>(&route.answer))
    return handle_text(exchange, **text, address_of(route, request));
  return handle_call(exchange, std::get<protocol::Call>(route.answer), address_of(route, request));
}

}  // namespace malmoi::serve
