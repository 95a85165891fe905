#include "serve/routes.h"

#include <boost/beast/core/string.hpp>

#include "protocol/fields.h"
#include "serve/authorise.h"
#include "serve/body_budget.h"
#include "serve/call.h"
#include "serve/generate.h"
#include "serve/over_limit.h"
#include "serve/route_table.h"
#include "serve/target.h"

namespace malmoi::serve {
namespace {

// Where no key is asked for; a login is the largest body there.
constexpr uint64_t kMostOpenBody = 4 << 10;

protocol::ApiError not_found_error(std::string_view path) {
  return {.status = 404,
          .message = "there is nothing at " + dump_json(Json(protocol::shown(path))) +
                     "; the documentation of the server lists its paths, OpenAI's are below /v1",
          .code = "unknown_url"};
}

// What a path takes; of `*`, the server as a whole.
asio::awaitable<void> handle_options(Exchange& exchange) {
  const HttpRequest& request = exchange.request();
  if (request.count(http::field::origin) > 0) return exchange.send(exchange.shared().access.preflight(request));
  std::string methods = methods_at(exchange.shared().options, request);
  if (methods.empty()) methods = "GET, HEAD, POST";
  HttpResponse response(http::status::no_content, 11);
  response.set(http::field::allow, methods + ", OPTIONS");
  return exchange.send(std::move(response));
}

// Some clients send JSON under another type, as `curl -d` does. So may the pages of any site, without asking first (a "simple
// request"), and a JSON type is what keeps them from having a model run for them: what they send must have it. The type of files
// does the same.
std::optional<protocol::ApiError> refuse_body(const Route& route, const HttpRequest& request) {
  const std::string type = route.form.takes_file ? "application/octet-stream" : "application/json";
  if (!has_body_of(request, type) && (!route.form.any_type || is_of_page(request)))
    return protocol::ApiError{.status = 415,
                              .message = std::string("the body must be ") +
                                         (route.form.takes_file ? "the bytes of a file" : "JSON") +
                                         "; send 'Content-Type: " + type + "'",
                              .code = "unsupported_media_type"};
  if (request.count(http::field::content_encoding) > 0 &&
      !beast::iequals(request[http::field::content_encoding], "identity"))
    return protocol::ApiError{.status = 415,
                              .message = "bodies are read as they are; send it without Content-Encoding",
                              .code = "unsupported_media_type"};
  return {};
}

}  // namespace

std::optional<HttpResponse> refuse(Shared& shared, const HttpRequest& request, RequestContext& context) {
  const Route* route = find_route(shared.options, request);
  auto refusal = [&](const protocol::ApiError& error) {
    return error_response(error, errors_of(shared.options, request));
  };
  if (auto error = shared.access.refuse_host(request)) return refusal(*error);
  bool asks = request.method() == http::verb::options;
  if (!route && !(asks && path_of(request) == "*")) return refusal(not_found_error(path_of(request)));
  if (asks) return {};
  bool reads = request.method() == http::verb::get || request.method() == http::verb::head;
  if (request.method() != route->method && !(reads && route->method == http::verb::get)) {
    const std::string allowed = methods_at(shared.options, request);
    HttpResponse response =
        refusal({.status = 405, .message = "this path takes " + allowed, .code = "method_not_allowed"});
    response.set(http::field::allow, allowed);
    return response;
  }
  Authorised known = authorise(shared, request, context.peer(), route->scope);
  context.caller = std::move(known.caller);
  if (known.refusal) return refusal(*known.refusal);
  if (route->needs_model && !shared.provider)
    return refusal({.status = 503,
                    .message = "the model is still loading; try again soon",
                    .type = "server_error",
                    .code = "loading"});
  if (route->method == http::verb::post) {
    if (auto error = refuse_body(*route, request)) return refusal(*error);
    if (auto error = hold_announced_body(shared, context, request)) return refusal(*error);
  }
  // Last, so that what is refused anyway costs its caller nothing.
  if (auto over = context.begin_limits()) {
    context.body_bytes.reset();  // it will not be read
    return refusal(to_api_error(*over));
  }
  return {};
}

bool wants_body(const HttpRequest& request) { return request.method() == http::verb::post; }

uint64_t most_body(const ServerOptions& options, const HttpRequest& request) {
  const Route* route = find_route(options, request);
  return route && route->scope == Scope::kNone ? kMostOpenBody : options.max_body_bytes;
}

asio::awaitable<void> handle_request(Exchange& exchange) {
  const HttpRequest& request = exchange.request();
  if (request.method() == http::verb::options) return handle_options(exchange);
  const Route& route = *find_route(exchange.shared().options, request);
  if (const Handler* handle = std::get_if<Handler>(&route.answer)) return (*handle)(exchange);
  if (const auto* text = std::get_if<const protocol::TextProtocol*>(&route.answer))
    return handle_text(exchange, **text, address_of(route, request));
  if (const SlowCall* slow = std::get_if<SlowCall>(&route.answer))
    return handle_call(exchange, slow->call, address_of(route, request), CallTime::kLong);
  if (const CallOfAll* of_all = std::get_if<CallOfAll>(&route.answer))
    return handle_call(exchange, of_all->call, address_of(route, request), CallTime::kOfAll);
  return handle_call(exchange, std::get<protocol::Call>(route.answer), address_of(route, request), CallTime::kShort);
}

}  // namespace malmoi::serve
