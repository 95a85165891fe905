#include "serve/call.h"

#include <utility>
#include <variant>

#include "base/json_read.h"
#include "protocol/fields.h"

namespace malmoi::serve {
namespace {

protocol::Reply reply_of(const HttpRequest& request, protocol::Call call, const protocol::Address& address,
                         const chat::Provider& provider) {
  if (request.method() != http::verb::post) return call(Json(), address, provider);
  auto body = protocol::parse_body(request.body());
  if (!body.ok()) return protocol::to_api_error(body.error());
  return call(*body, address, provider);
}

// What a call that read texts says of their tokens. Their number is known once they were read: what follows waits for them.
void count_usage(RequestContext& context, const protocol::Reply& reply) {
  const Json* json = std::get_if<Json>(&reply);
  if (!json) return;
  const int64_t tokens = json_count(json_object(*json, "usage"), "total_tokens").value_or(0);
  context.use_tokens(tokens);
  context.usage.prompt_tokens += tokens;
}

}  // namespace

asio::awaitable<void> handle_call(Exchange& exchange, protocol::Call call, protocol::Address address, CallTime time) {
  const chat::Provider& provider = *exchange.shared().provider;
  auto work = [&] { return reply_of(exchange.request(), call, address, provider); };
  protocol::Reply reply;
  if (time == CallTime::kLong) reply = co_await exchange.on_slow_worker(work);
  else reply = co_await exchange.on_worker(work);
  if (time == CallTime::kLong) count_usage(exchange.context(), reply);
  if (auto* error = std::get_if<protocol::ApiError>(&reply)) {
    co_await exchange.send_error(*error);
    co_return;
  }
  HttpResponse response = json_response(http::status::ok, std::get<Json>(reply));
  co_await exchange.send(std::move(response));
}

asio::awaitable<protocol::Reply> reply_to(Exchange& exchange, protocol::Call call, const Json& body) {
  const chat::Provider& provider = *exchange.shared().provider;
  const protocol::Address address;
  protocol::Reply reply = co_await exchange.on_slow_worker([&] { return call(body, address, provider); });
  count_usage(exchange.context(), reply);
  co_return reply;
}

}  // namespace malmoi::serve
