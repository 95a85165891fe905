#include "serve/call.h"

#include <memory>
#include <utility>
#include <variant>

#include "base/json_read.h"
#include "protocol/model_names.h"
#include "serve/hold.h"

namespace malmoi::serve {
namespace {

// A status that nobody is told.
protocol::Reply nobody_there() {
  return protocol::ApiError{.status = kClientClosedRequest, .message = "the client is gone"};
}

// What a call that read texts says of their tokens. Their number is known once they were read: what follows waits for them.
void count_usage(RequestContext& context, const protocol::Reply& reply) {
  const Json* json = std::get_if<Json>(&reply);
  if (!json) return;
  const int64_t tokens = json_count(json_object(*json, "usage"), "total_tokens").value_or(0);
  context.use_tokens(tokens);
  context.usage.prompt_tokens += tokens;
}

// Of a model that is held while the call is answered. Nothing: the client is gone.
asio::awaitable<std::optional<protocol::Reply>> reply_of_model(Exchange& exchange, protocol::Call call,
                                                               const Json& body, const protocol::Address& address,
                                                               CallTime time) {
  const std::string name = protocol::asked_model(body, address);
  HeldModel held = co_await hold_model(exchange, name);
  if (held.error) co_return std::optional<protocol::Reply>(*held.error);
  if (!held.provider) co_return std::nullopt;
  const chat::Provider& provider = *held.provider;
  auto work = [&] { return call(body, address, provider); };
  protocol::Reply reply;
  if (time == CallTime::kLong) reply = co_await exchange.on_slow_worker(work);
  else reply = co_await exchange.on_worker(work);
  if (time == CallTime::kLong) count_usage(exchange.context(), reply);
  co_return std::optional<protocol::Reply>(std::move(reply));
}

}  // namespace

asio::awaitable<void> handle_call(Exchange& exchange, protocol::Call call, protocol::Address address, CallTime time) {
  const chat::Provider& all = *exchange.shared().provider;
  const bool has_body = exchange.request().method() == http::verb::post;
  std::variant<Json, protocol::ApiError> body;
  if (has_body) body = co_await exchange.on_worker([&] { return read_json(exchange.request().body()); });
  if (auto* error = std::get_if<protocol::ApiError>(&body)) {
    co_await exchange.send_error(*error);
    co_return;
  }
  const Json& json = std::get<Json>(body);
  std::optional<protocol::Reply> reply;
  if (has_body && time != CallTime::kOfAll) reply = co_await reply_of_model(exchange, call, json, address, time);
  else reply = co_await exchange.on_worker([&] { return std::optional<protocol::Reply>(call(json, address, all)); });
  if (reply) co_await send_reply(exchange, *std::move(reply));
}

asio::awaitable<void> send_reply(Exchange& exchange, protocol::Reply reply) {
  if (auto* error = std::get_if<protocol::ApiError>(&reply)) {
    co_await exchange.send_error(*error);
    co_return;
  }
  HttpResponse response = json_response(http::status::ok, std::get<Json>(reply));
  co_await exchange.send(std::move(response));
}

asio::awaitable<protocol::Reply> reply_to(Exchange& exchange, protocol::Call call, const Json& body) {
  const protocol::Address address;
  std::optional<protocol::Reply> reply = co_await reply_of_model(exchange, call, body, address, CallTime::kLong);
  if (!reply) co_return nobody_there();
  co_return *std::move(reply);
}

}  // namespace malmoi::serve
