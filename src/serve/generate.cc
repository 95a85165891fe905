#include "serve/generate.h"

#include <algorithm>
#include <ctime>
#include <memory>
#include <utility>
#include <variant>

#include "base/log.h"
#include "protocol/stream_text.h"
#include "protocol/model_names.h"
#include "serve/answers.h"
#include "serve/hold.h"
#include "serve/new_id.h"
#include "serve/over_limit.h"
#include "serve/prepare.h"

namespace malmoi::serve {
namespace {

using protocol::ApiError;

// A function apart: GCC 12 destroys the fields of a brace twice where one of them throws in a coroutine.
protocol::ResponseHead make_head(std::string_view prefix, const chat::Provider& provider,
                                 const protocol::GenerationOptions& options) {
  return {new_id(std::string(prefix)), options.model.empty() ? provider.info().name : options.model,
          static_cast<int64_t>(std::time(nullptr))};
}

int64_t prompt_tokens(const Prepared& prepared) {
  int64_t tokens = 0;
  for (const chat::GenerationRequest& request : prepared.requests) {
    if (const auto* ids = std::get_if<std::vector<int32_t>>(&request.prompt))
      tokens += static_cast<int64_t>(ids->size());
  }
  return tokens;
}

// Takes the tokens of the prompts off the caller's limit, before anything reads them.
std::optional<ApiError> pay_for_prompts(RequestContext& context, int64_t tokens) {
  const int64_t limit = context.caller.limits ? context.caller.limits->tokens().limit() : 0;
  if (limit > 0 && tokens > limit) return never_fits(tokens, limit);
  if (auto over = context.pay_for_prompt(tokens)) return to_api_error(*over);
  return {};
}

// Hands the requests to the provider, which is kept until it has told the last of them. On an error the caller closes the queue,
// and nothing of them runs on.
std::optional<ApiError> submit(const std::shared_ptr<chat::Provider>& provider, Prepared& prepared, uint64_t client,
                               const std::shared_ptr<EventQueue>& queue) {
  size_t first = 0;  // of a request's answers
  for (chat::GenerationRequest& request : prepared.requests) {
    request.client = client;
    request.cancel = queue->cancel_token();
    auto answers = static_cast<size_t>(request.n);
    Status status = provider->generate(std::move(request), [queue, first, provider](const chat::TokenEvent& event) {
      return queue->push(first + static_cast<size_t>(event.answer), event);
    });
    first += answers;
    if (!status.ok()) return protocol::to_api_error(status.error());
  }
  return {};
}

// What an event adds. An answer that is whole wants no more of them, where its provider would go on.
std::vector<protocol::Answer> take(const AnswerEvent& event, Answers& answers, EventQueue& queue) {
  std::vector<protocol::Answer> pieces = answers.add(event);
  for (const protocol::Answer& piece : pieces) {
    if (!piece.finish_reason.empty()) queue.end_answer(static_cast<size_t>(piece.index));
  }
  return pieces;
}

// What is left to do where the events end before the answers do.
std::optional<ApiError> explain(EarlyEnd why) {
  switch (why) {
    case EarlyEnd::kClientSlow:
      return ApiError{.status = 503,
                      .message = "the answer was ended because it was read too slowly; read it as it comes",
                      .type = "server_error",
                      .code = "read_too_slowly"};
    case EarlyEnd::kServerStopping: return server_stopping();
    case EarlyEnd::kClientGone:
    case EarlyEnd::kNone: break;
  }
  return {};
}

// How the answers of a request are told, and what they use is counted.
struct Teller {
  std::unique_ptr<protocol::Printer> printer;
  protocol::StreamText stream;
  UsageMeter meter;
};

// An end before the answers are whole. The connection ends with it: its client may not take what follows for a part of them.
asio::awaitable<void> send_failure(Exchange& exchange, Teller& teller, const std::optional<ApiError>& failure,
                                   bool begun, std::string text) {
  exchange.abandon();
  if (!failure) co_return;  // nobody is there
  if (!begun) {
    co_await exchange.send_error(*failure);
    co_return;
  }
  text += teller.stream.print(teller.printer->failure(*failure));
  text += teller.stream.end(false);
  bool sent = co_await exchange.send_piece(std::move(text));
  if (sent) co_await exchange.end_stream();
}

// The header is held back until the first event, so that a failure before it still has its own status.
asio::awaitable<void> send_stream(Exchange& exchange, Teller& teller, Answers& answers, EventQueue& queue) {
  bool begun = false;
  while (!answers.done()) {
    std::vector<AnswerEvent> events = co_await queue.pop();
    if (events.empty()) {
      std::optional<ApiError> why = explain(queue.end());
      co_await send_failure(exchange, teller, why, begun, std::string());
      co_return;
    }
    std::vector<protocol::Answer> pieces;
    for (const AnswerEvent& event : events) {
      for (protocol::Answer& piece : take(event, answers, queue)) pieces.push_back(std::move(piece));
      if (answers.failure()) break;
    }
    teller.meter.count(answers.told());
    std::string text;
    if (!begun && !answers.failure()) {
      bool sent = co_await exchange.begin_stream(teller.stream.content_type(), teller.stream.nothing());
      if (!sent) co_return;
      text = teller.stream.print(teller.printer->opening(answers.told()));
      begun = true;
    }
    if (begun) {
      for (const protocol::Answer& piece : pieces) text += teller.stream.print(teller.printer->piece(piece));
    }
    if (answers.failure()) {
      co_await send_failure(exchange, teller, answers.failure(), begun, std::move(text));
      co_return;
    }
    if (answers.done()) {
      text += teller.stream.print(teller.printer->closing(answers.told()));
      text += teller.stream.end(true);
    }
    bool sent = co_await exchange.send_piece(std::move(text));
    if (!sent) co_return;
  }
  co_await exchange.end_stream();
}

// What becomes of answers that are told as a whole. Nothing: the client is gone.
asio::awaitable<std::optional<protocol::Reply>> collect(Exchange& exchange, Teller& teller, Answers& answers,
                                                        EventQueue& queue) {
  while (!answers.done()) {
    std::vector<AnswerEvent> events = co_await queue.pop();
    if (events.empty()) {
      exchange.abandon();
      const std::optional<ApiError> why = explain(queue.end());
      if (!why) co_return std::nullopt;
      co_return std::optional<protocol::Reply>(*why);
    }
    for (const AnswerEvent& event : events) {
      take(event, answers, queue);
      if (answers.failure()) break;
    }
    teller.meter.count(answers.told());
    if (answers.failure()) co_return std::optional<protocol::Reply>(*answers.failure());
  }
  protocol::Reply whole = co_await exchange.on_worker(
      [&] { return protocol::Reply(teller.printer->whole(answers.whole(), answers.told())); });
  co_return std::optional<protocol::Reply>(std::move(whole));
}

asio::awaitable<void> send_whole(Exchange& exchange, Teller& teller, Answers& answers, EventQueue& queue) {
  const std::optional<protocol::Reply> reply = co_await collect(exchange, teller, answers, queue);
  if (!reply) co_return;
  if (const auto* error = std::get_if<ApiError>(&*reply)) {
    co_await exchange.send_error(*error);
    co_return;
  }
  std::string body = co_await exchange.on_worker([&] { return dump_json(std::get<Json>(*reply)) + "\n"; });
  HttpResponse response = text_response(http::status::ok, "application/json", std::move(body));
  response.set(http::field::cache_control, "no-store");
  co_await exchange.send(std::move(response));
}

// A request that its provider was given. What is not told of it when this goes away is ended.
struct Generation {
  std::shared_ptr<chat::Provider> provider;
  PlacesHeld places;
  std::shared_ptr<EventQueue> queue;
  std::unique_ptr<QueueGuard> guard;
  bool stream;
  Answers answers;
  Teller teller;
};
using Begun = std::variant<std::unique_ptr<Generation>, ApiError>;

Begun begin(Exchange& exchange, const protocol::TextProtocol& protocol, const protocol::Address& address,
            Preparation& preparation, double start, const std::shared_ptr<chat::Provider>& provider) {
  if (auto* error = std::get_if<ApiError>(&preparation)) return *error;
  Prepared& prepared = std::get<Prepared>(preparation);
  size_t count = prepared.echoes.size();
  auto places = take_places(exchange, static_cast<int64_t>(count), 0);
  if (auto* error = std::get_if<ApiError>(&places)) return std::move(*error);
  RequestContext& context = exchange.context();
  const int64_t paid = prompt_tokens(prepared);
  if (auto error = pay_for_prompts(context, paid)) return *std::move(error);
  auto queue = std::make_shared<EventQueue>(exchange.executor());
  auto guard = std::make_unique<QueueGuard>(queue);
  chat::AnswerForm form;  // one for all: a chat is one request
  if (!prepared.requests.empty()) form = prepared.requests.front().form;
  if (auto error = submit(provider, prepared, context.caller.client, queue)) return *std::move(error);
  const protocol::GenerationOptions& options = prepared.options;
  protocol::ResponseHead head = make_head(protocol.id_prefix, *provider, options);
  context.model = head.model;
  return std::unique_ptr<Generation>(new Generation{
      provider, std::get<PlacesHeld>(std::move(places)), queue, std::move(guard), options.stream && count > 0,
      Answers(exchange.shared().metrics, start,
              {.count = count,
               .each = static_cast<size_t>(options.n),
               .best = static_cast<size_t>(options.best),
               .logprobs = options.logprobs,
               .keep = !options.stream,
               .echoes = std::move(prepared.echoes),
               .form = std::move(form),
               .one_call = !options.tools.parallel,
               .model = head.model}),
      Teller{protocol.printer(head, options, count), protocol::StreamText(protocol.stream_form(address)),
             UsageMeter(context, start, paid)}});
}

}  // namespace

asio::awaitable<void> handle_text(Exchange& exchange, const protocol::TextProtocol& protocol,
                                  protocol::Address address) {
  double start = monotonic_seconds();
  std::variant<Json, ApiError> body = co_await exchange.on_worker([&] { return read_json(exchange.request().body()); });
  if (auto* error = std::get_if<ApiError>(&body)) {
    co_await exchange.send_error(*error);
    co_return;
  }
  Json& json = std::get<Json>(body);
  const std::string name = protocol::asked_model(json, address);
  HeldModel held = co_await hold_model(exchange, name);
  if (held.error) co_await exchange.send_error(*held.error);
  if (!held.provider) co_return;
  // Once it is read, neither the body nor what was made of it stays while the answer is written.
  Preparation preparation = co_await exchange.on_worker([&] {
    Preparation read = prepare(json, address, protocol, *held.provider);
    json = Json();
    return read;
  });
  exchange.drop_body();
  Begun begun = begin(exchange, protocol, address, preparation, start, held.provider);
  if (auto* error = std::get_if<ApiError>(&begun)) {
    co_await exchange.send_error(*error);
    co_return;
  }
  Generation& generation = *std::get<std::unique_ptr<Generation>>(begun);
  exchange.watch(generation.queue);
  if (generation.stream) co_await send_stream(exchange, generation.teller, generation.answers, *generation.queue);
  else co_await send_whole(exchange, generation.teller, generation.answers, *generation.queue);
  exchange.unwatch();
}

asio::awaitable<std::optional<protocol::Reply>> whole_text(Exchange& exchange, const protocol::TextProtocol& protocol,
                                                           const Json& body) {
  double start = monotonic_seconds();
  const protocol::Address address;
  const std::string name = protocol::asked_model(body, address);
  HeldModel held = co_await hold_model(exchange, name);
  if (held.error) co_return std::optional<protocol::Reply>(*held.error);
  if (!held.provider) co_return std::nullopt;
  Preparation preparation =
      co_await exchange.on_worker([&] { return prepare(body, address, protocol, *held.provider); });
  if (auto* prepared = std::get_if<Prepared>(&preparation)) prepared->options.stream = false;
  Begun begun = begin(exchange, protocol, address, preparation, start, held.provider);
  if (auto* error = std::get_if<ApiError>(&begun)) co_return std::optional<protocol::Reply>(*error);
  Generation& generation = *std::get<std::unique_ptr<Generation>>(begun);
  exchange.watch(generation.queue);
  std::optional<protocol::Reply> reply =
      co_await collect(exchange, generation.teller, generation.answers, *generation.queue);
  exchange.unwatch();
  co_return reply;
}

}  // namespace malmoi::serve
