#include "serve/routes.h"

#include <algorithm>
#include <boost/beast/core/string.hpp>

#include "base/percent.h"
#include "protocol/fields.h"
#include "protocol/openai_models.h"
#include "protocol/tokenize.h"
#include "serve/generate.h"
#include "serve/page.h"
#include "serve/target.h"

namespace malmoi::serve {
namespace {

constexpr std::string_view kModels = "/v1/models/";

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

asio::awaitable<void> handle_models(Exchange& exchange) {
  return exchange.send(
      json_response(http::status::ok, protocol::print_models(exchange.shared().provider.load()->models())));
}

asio::awaitable<void> handle_model(Exchange& exchange) {
  const std::string name = percent_decode(path_of(exchange.request()).substr(kModels.size()));
  const std::vector<chat::ModelInfo> models = exchange.shared().provider.load()->models();
  const auto found = std::ranges::find(models, name, &chat::ModelInfo::name);
  if (found == models.end()) return exchange.send(error_response(protocol::no_such_model(name, models)));
  return exchange.send(json_response(http::status::ok, protocol::print_model(*found)));
}

HttpResponse tokenize(const std::string& body, const chat::Provider& provider) {
  auto json = protocol::parse_body(body);
  if (!json.ok()) return error_response(protocol::to_api_error(json.error()));
  auto request = protocol::parse_tokenize(*json);
  if (!request.ok()) return error_response(protocol::to_api_error(request.error()));
  auto pieces = provider.tokenize(*request);
  if (!pieces.ok()) return error_response(protocol::to_api_error(pieces.error()));
  return json_response(http::status::ok, protocol::print_tokenized(*pieces, request->with_pieces));
}

HttpResponse detokenize(const std::string& body, const chat::Provider& provider) {
  auto json = protocol::parse_body(body);
  if (!json.ok()) return error_response(protocol::to_api_error(json.error()));
  auto request = protocol::parse_detokenize(*json);
  if (!request.ok()) return error_response(protocol::to_api_error(request.error()));
  auto text = provider.detokenize(request->ids);
  if (!text.ok()) return error_response(protocol::to_api_error(text.error()));
  return json_response(http::status::ok, {{"content", *std::move(text)}});
}

template <HttpResponse (*Answer)(const std::string&, const chat::Provider&)>
asio::awaitable<void> handle_on_worker(Exchange& exchange) {
  const chat::Provider& provider = *exchange.shared().provider;
  HttpResponse response = co_await exchange.on_worker([&] { return Answer(exchange.request().body(), provider); });
  co_await exchange.send(std::move(response));
}

struct Route {
  http::verb method;
  std::string_view path;  // a last '/' (but for the root) stands for everything below
  bool needs_key;
  bool needs_model;
  asio::awaitable<void> (*handle)(Exchange& exchange);
};

// One line a path.
constexpr Route kRoutes[] = {
    {http::verb::get, "/livez", false, false, handle_live},
    {http::verb::get, "/readyz", false, false, handle_ready},
    {http::verb::get, "/health", false, false, handle_ready},
    {http::verb::get, "/metrics", true, false, handle_metrics},
    {http::verb::get, "/v1/models", true, true, handle_models},
    {http::verb::get, kModels, true, true, handle_model},
    {http::verb::post, "/v1/completions", true, true, handle_completions},
    {http::verb::post, "/v1/chat/completions", true, true, handle_chat},
    {http::verb::post, "/tokenize", true, true, handle_on_worker<tokenize>},
    {http::verb::post, "/detokenize", true, true, handle_on_worker<detokenize>},
};
constexpr Route kPageRoute = {http::verb::get, "/", false, false, handle_page};

bool matches(const Route& route, std::string_view path) {
  if (route.path.size() > 1 && route.path.ends_with('/'))
    return path.starts_with(route.path) && path.size() > route.path.size();
  return path == route.path;
}

const Route* find_route(std::string_view path) {
  if (is_page(path)) return &kPageRoute;
  auto found = std::find_if(std::begin(kRoutes), std::end(kRoutes), [&](const Route& r) { return matches(r, path); });
  return found == std::end(kRoutes) ? nullptr : found;
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
  const Route* route = find_route(path_of(request));
  HttpResponse response(http::status::no_content, 11);
  response.set(http::field::allow, std::string(route ? methods_of(*route) : "GET, HEAD, POST") + ", OPTIONS");
  return exchange.send(std::move(response));
}

std::optional<protocol::ApiError> refuse_body(const HttpRequest& request) {
  if (!has_json_body(request))
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

std::optional<HttpResponse> refuse(Shared& shared, const HttpRequest& request) {
  if (auto error = shared.access.refuse_host(request)) return error_response(*error);
  const Route* route = find_route(path_of(request));
  bool asks = request.method() == http::verb::options;
  if (!route && !(asks && path_of(request) == "*")) return error_response(not_found_error(path_of(request)));
  if (asks) return {};
  bool reads = request.method() == http::verb::get || request.method() == http::verb::head;
  if (request.method() != route->method && !(reads && route->method == http::verb::get)) {
    const char* allowed = methods_of(*route);
    HttpResponse response = error_response(
        {.status = 405, .message = std::string("this path takes ") + allowed, .code = "method_not_allowed"});
    response.set(http::field::allow, allowed);
    return response;
  }
  if (route->needs_key && !shared.access.has_key(request))
    return error_response({.status = 401,
                           .message = "the API key is missing or wrong; send it as 'Authorization: Bearer KEY'",
                           .type = "authentication_error",
                           .code = "invalid_api_key"});
  if (route->needs_model && !shared.provider)
    return error_response({.status = 503,
                           .message = "the model is still loading; try again soon",
                           .type = "server_error",
                           .code = "loading"});
  if (route->method == http::verb::post) {
    if (auto error = refuse_body(request)) return error_response(*error);
  }
  return {};
}

bool wants_body(const HttpRequest& request) { return request.method() == http::verb::post; }

asio::awaitable<void> handle_request(Exchange& exchange) {
  const HttpRequest& request = exchange.request();
  if (request.method() == http::verb::options) return handle_options(exchange);
  return find_route(path_of(request))->handle(exchange);
}

}  // namespace malmoi::serve
