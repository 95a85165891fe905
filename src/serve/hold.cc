#include "serve/hold.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <mutex>
#include <utility>

#include "protocol/fields.h"
#include "protocol/model_names.h"
#include "serve/answers.h"

namespace malmoi::serve {
namespace {

using protocol::ApiError;
using Held = Result<std::shared_ptr<chat::Provider>>;

// Where a provider's thread puts what it has loaded.
class Arrival {
 public:
  void put(Held held) {
    std::lock_guard lock(mutex_);
    held_.emplace(std::move(held));
  }
  std::optional<Held> take() {
    std::lock_guard lock(mutex_);
    return std::exchange(held_, std::nullopt);
  }

 private:
  std::mutex mutex_;
  std::optional<Held> held_;  // guarded by mutex_
};

// That a model cannot be loaded is no fault of the request, whatever is wrong with its files; where they are is the operator's
// to know.
ApiError cannot_load(const Error& error, const std::string& name) {
  const bool may_pass = error.code == ErrorCode::kOutOfMemory || error.code == ErrorCode::kCancelled;
  Error told = error;
  told.where.clear();
  return {.status = may_pass ? 503 : 500,
          .message = "the model" + (name.empty() ? "" : " '" + protocol::shown(name) + "'") +
                     " cannot be loaded: " + told.to_string(),
          .type = "server_error",
          .param = "model",
          .code = may_pass ? "unavailable" : "model_not_loaded"};
}

ApiError still_loading() {
  return {.status = 503,
          .message = "the model is still being loaded; try again soon",
          .type = "server_error",
          .param = "model",
          .code = "loading"};
}

// Functions apart: GCC 12 destroys the fields of a brace twice where one of them throws in a coroutine.
HeldModel held_of(Held held, const std::string& name) {
  if (held.ok()) return {.provider = *std::move(held)};
  return {.error = cannot_load(held.error(), name)};
}

HeldModel refused(ApiError error) { return {.error = std::move(error)}; }

// It outlives the server.
HeldModel not_owned(chat::Provider& provider) {
  return {.provider = std::shared_ptr<chat::Provider>(std::shared_ptr<void>(), &provider)};
}

}  // namespace

std::variant<Json, ApiError> read_json(const std::string& body) {
  auto json = protocol::parse_body(body);
  if (!json.ok()) return protocol::to_api_error(json.error());
  return *std::move(json);
}

std::variant<PlacesHeld, ApiError> take_places(Exchange& exchange, int64_t asked, int64_t counted) {
  Shared& shared = exchange.shared();
  if (shared.stopping)
    return ApiError{.status = 503,
                    .message = "the server is stopping; try again later",
                    .type = "server_error",
                    .code = "unavailable"};
  if (asked > shared.options.max_requests)
    return ApiError{
        .message = fmt::format("{} answers in one request are more than the {} that this server has running and "
                               "waiting; ask for fewer at once",
                               asked, shared.options.max_requests),
        .param = "n"};
  const chat::ProviderStats stats = shared.provider.load()->stats();  // of all models
  const int64_t under_way = stats.running + stats.waiting - counted + shared.slow_calls.size();
  auto held = PlacesHeld::take(shared.places, exchange.context().caller.client, asked, under_way);
  if (held) return *std::move(held);
  return ApiError{.status = 429,
                  .message = fmt::format(
                      "{} answers are running or waiting, {} of them this client's; the server's limit is {}, of "
                      "which each client has its share; try again soon",
                      std::max(under_way, shared.places.total()), shared.places.held(exchange.context().caller.client),
                      shared.options.max_requests),
                  .type = "rate_limit_error",
                  .code = "server_busy"};
}

asio::awaitable<HeldModel> hold_model(Exchange& exchange, std::string name) {
  Shared& shared = exchange.shared();
  chat::Provider& all = *shared.provider;
  const std::optional<std::string> known = protocol::known_name(name, all);
  if (!known) co_return not_owned(all);
  auto arrival = std::make_shared<Arrival>();
  auto queue = std::make_shared<EventQueue>(exchange.executor());
  const QueueGuard guard(queue);  // nobody listens after this function
  all.hold(
      *known,
      [arrival, queue](Held held) {
        arrival->put(std::move(held));
        queue->push(0, {});
      },
      queue->cancel_token());
  std::optional<Held> held = arrival->take();
  if (held) co_return held_of(*std::move(held), name);
  // Who waits for a model has a place as those who are answered: else one client's requests for it would keep the others out.
  const auto place = take_places(exchange, 1, 1);
  if (const auto* error = std::get_if<ApiError>(&place)) co_return refused(*error);
  auto timer = std::make_shared<asio::steady_timer>(exchange.executor());
  timer->expires_after(milliseconds(shared.options.load_seconds));
  timer->async_wait([queue, timer](boost::system::error_code) { queue->push(0, {}); });
  exchange.watch(queue);
  const std::vector<AnswerEvent> woken = co_await queue->pop();
  exchange.unwatch();
  timer->cancel();
  held = arrival->take();
  const EarlyEnd end = queue->end();
  HeldModel out;
  if (held) out = held_of(*std::move(held), name);
  else if (end == EarlyEnd::kServerStopping) out.error = server_stopping();
  else if (!woken.empty()) out.error = still_loading();
  if (!out.provider && !out.error) exchange.abandon();
  co_return out;
}

}  // namespace malmoi::serve
