#include "serve/call.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "base/json_read.h"
#include "protocol/model_names.h"
#include "serve/hold.h"
#include "serve/turn.h"

namespace malmoi::serve {
namespace {

// How many tokens a call has read, as OpenAI's APIs or Ollama's tell it.
int64_t tokens_read(const Json& told) {
  const auto total = json_count(json_object(told, "usage"), "total_tokens");
  return total ? *total : json_count(told, "prompt_eval_count").value_or(0);
}

// Their number is known once they were read: what follows waits for them.
void count_usage(RequestContext& context, const protocol::Reply& reply) {
  const Json* told = std::get_if<Json>(&reply);
  if (!told) return;
  const int64_t tokens = tokens_read(*told);
  context.use_tokens(tokens);
  context.usage.prompt_tokens += tokens;
}

// A call with all that it reads, which may end when nobody waits for it any more.
struct AskedCall {
  protocol::Call call;
  Json body;
  protocol::Address address;
  std::shared_ptr<chat::Provider> provider;
};

// A function apart: GCC 12 destroys the fields of a brace twice where one of them throws in a coroutine.
AskedCall asked_of(protocol::Call call, Json body, protocol::Address address) {
  return {call, std::move(body), std::move(address), nullptr};
}

std::function<protocol::Reply()> work_of(AskedCall asked) {
  auto kept = std::make_shared<const AskedCall>(std::move(asked));
  return [kept] { return kept->call(kept->body, kept->address, *kept->provider); };
}

asio::awaitable<std::optional<protocol::Reply>> long_reply(Exchange& exchange, AskedCall asked) {
  const auto place = take_places(exchange, 1, 0);
  if (const auto* error = std::get_if<protocol::ApiError>(&place)) co_return std::optional<protocol::Reply>(*error);
  Shared& shared = exchange.shared();
  std::function<protocol::Reply()> work = work_of(std::move(asked));
  std::optional<protocol::Reply> reply =
      co_await in_turn(exchange, shared.slow_calls, shared.workers->slow, std::move(work));
  if (reply) count_usage(exchange.context(), *reply);
  co_return reply;
}

// Of a model that is held while the call is answered. Nothing: the client is gone.
asio::awaitable<std::optional<protocol::Reply>> reply_of_model(Exchange& exchange, AskedCall asked, CallTime time) {
  const std::string name = protocol::asked_model(asked.body, asked.address);
  HeldModel held = co_await hold_model(exchange, name);
  if (held.error) co_return std::optional<protocol::Reply>(*held.error);
  if (!held.provider) co_return std::nullopt;
  asked.provider = std::move(held.provider);
  std::optional<protocol::Reply> reply;
  if (time == CallTime::kLong) reply = co_await long_reply(exchange, std::move(asked));
  else reply = co_await exchange.on_worker(work_of(std::move(asked)));
  co_return reply;
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
  Json& json = std::get<Json>(body);
  std::optional<protocol::Reply> reply;
  if (has_body && time != CallTime::kOfAll) {
    AskedCall asked = asked_of(call, std::move(json), std::move(address));
    reply = co_await reply_of_model(exchange, std::move(asked), time);
  } else {
    reply = co_await exchange.on_worker([&] { return std::optional<protocol::Reply>(call(json, address, all)); });
  }
  exchange.drop_body();
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

asio::awaitable<std::optional<protocol::Reply>> reply_to(Exchange& exchange, protocol::Call call, Json body) {
  return reply_of_model(exchange, asked_of(call, std::move(body), {}), CallTime::kLong);
}

}  // namespace malmoi::serve
