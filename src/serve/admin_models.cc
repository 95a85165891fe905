#include "serve/admin_models.h"

#include <string>
#include <variant>

#include "protocol/model_states.h"
#include "serve/hold.h"

namespace malmoi::serve {
namespace {

using Name = std::variant<std::string, protocol::ApiError>;

asio::awaitable<void> send_state(Exchange& exchange, const std::string& name) {
  const chat::Provider& provider = *exchange.shared().provider;
  HttpResponse response = json_response(http::status::ok, protocol::print_model_state(name, provider));
  co_await exchange.send(std::move(response));
}

asio::awaitable<Name> read_name(Exchange& exchange) {
  const chat::Provider& provider = *exchange.shared().provider;
  Name name =
      co_await exchange.on_worker([&] { return protocol::read_model_name(exchange.request().body(), provider); });
  co_return name;
}

}  // namespace

asio::awaitable<void> handle_load_model(Exchange& exchange) {
  const Name read = co_await read_name(exchange);
  if (const auto* error = std::get_if<protocol::ApiError>(&read)) {
    co_await exchange.send_error(*error);
    co_return;
  }
  const std::string name = std::get<std::string>(read);
  (void)exchange.shared().provider.load()->try_again(name);  // the name is known
  const HeldModel held = co_await hold_model(exchange, name);
  if (held.error) co_await exchange.send_error(*held.error);
  if (held.provider) co_await send_state(exchange, name);
}

asio::awaitable<void> handle_unload_model(Exchange& exchange) {
  const Name read = co_await read_name(exchange);
  if (const auto* error = std::get_if<protocol::ApiError>(&read)) {
    co_await exchange.send_error(*error);
    co_return;
  }
  const std::string name = std::get<std::string>(read);
  const Status unloaded = exchange.shared().provider.load()->unload(name);
  if (!unloaded.ok()) {
    const protocol::ApiError error = protocol::to_api_error(unloaded.error());
    co_await exchange.send_error(error);
    co_return;
  }
  co_await send_state(exchange, name);
}

}  // namespace malmoi::serve
