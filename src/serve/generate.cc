#include "serve/generate.h"

#include <fmt/format.h>

#include <atomic>
#include <ctime>
#include <variant>

#include "base/log.h"
#include "protocol/openai_chat.h"
#include "protocol/openai_completions.h"
#include "serve/answers.h"
#include "serve/new_id.h"
#include "serve/prepare.h"

namespace malmoi::serve {
namespace {

using protocol::ApiError;

// A function apart: GCC 12 destroys the fields of a brace twice where one of them throws in a coroutine.
protocol::ResponseHead make_head(const char* prefix, const chat::Provider& provider,
                                 const protocol::GenerationOptions& options) {
  return {new_id(prefix + std::string("-")), options.model.empty() ? provider.info().name : options.model,
          static_cast<int64_t>(std::time(nullptr))};
}

// Hands the requests to the provider. On an error the caller closes the queue, and nothing of them runs on.
std::optional<ApiError> submit(Shared& shared, chat::Provider& provider, Prepared& prepared,
                               const std::shared_ptr<EventQueue>& queue) {
  if (shared.stopping)
    return ApiError{.status = 503,
                    .message = "the server is stopping; try again later",
                    .type = "server_error",
                    .code = "unavailable"};
  auto asked = static_cast<int64_t>(prepared.echoes.size());
  if (asked > shared.options.max_requests)
    return ApiError{
        .message = fmt::format("{} answers in one request are more than the {} that this server has running and "
                               "waiting; ask for fewer at once",
                               asked, shared.options.max_requests),
        .param = "n"};
  chat::ProviderStats stats = provider.stats();
  if (stats.running + stats.waiting + asked > shared.options.max_requests)
    return ApiError{
        .status = 429,
        .message = fmt::format("{} answers are running or waiting, the server's limit is {}; try again soon",
                               stats.running + stats.waiting, shared.options.max_requests),
        .type = "rate_limit_error",
        .code = "server_busy"};
  static std::atomic<uint64_t> clients{0};
  uint64_t client = ++clients;  // many prompts of one request take no more turns than one of another
  size_t first = 0;             // of a request's answers
  for (chat::GenerationRequest& request : prepared.requests) {
    request.client = client;
    request.cancel = queue->cancel_token();
    auto answers = static_cast<size_t>(request.n);
    Status status = provider.generate(std::move(request), [queue, first](const chat::TokenEvent& event) {
      return queue->push(first + static_cast<size_t>(event.answer), event);
    });
    first += answers;
    if (!status.ok()) return protocol::to_api_error(status.error());
  }
  return {};
}

// The wire format of a stream, the same for both APIs.
class CompletionWire {
 public:
  static constexpr const char* kPrefix = "cmpl";
  CompletionWire(protocol::ResponseHead head, const protocol::GenerationOptions& options, size_t n)
      : stream_(head, options, n), head_(std::move(head)), options_(options) {}
  static std::optional<Json> opening(size_t) { return {}; }
  Json chunk(const protocol::Answer& piece) { return stream_.chunk(piece); }
  Json usage(const chat::Usage& usage) const { return stream_.usage_chunk(usage); }
  Json whole(const std::vector<protocol::Answer>& answers, const chat::Usage& usage) const {
    return print_completion(head_, answers, usage, options_);
  }

 private:
  protocol::CompletionStream stream_;
  protocol::ResponseHead head_;
  protocol::GenerationOptions options_;
};

class ChatWire {
 public:
  static constexpr const char* kPrefix = "chatcmpl";
  ChatWire(protocol::ResponseHead head, const protocol::GenerationOptions& options, size_t)
      : stream_(head, options), head_(std::move(head)), options_(options) {}
  std::optional<Json> opening(size_t i) const { return stream_.role_chunk(static_cast<int64_t>(i)); }
  Json chunk(const protocol::Answer& piece) { return stream_.chunk(piece); }
  Json usage(const chat::Usage& usage) const { return stream_.usage_chunk(usage); }
  Json whole(const std::vector<protocol::Answer>& answers, const chat::Usage& usage) const {
    return print_chat(head_, answers, usage, options_);
  }

 private:
  protocol::ChatStream stream_;
  protocol::ResponseHead head_;
  protocol::GenerationOptions options_;
};

std::string data_line(const Json& json) { return "data: " + dump_json(json) + "\n\n"; }

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

// An end before the answers are whole. The connection ends with it: its client may not take what follows for a part of them.
asio::awaitable<void> send_failure(Exchange& exchange, const std::optional<ApiError>& failure, bool begun,
                                   std::string text) {
  exchange.abandon();
  if (!failure) co_return;  // nobody is there
  if (!begun) {
    co_await exchange.send(error_response(*failure));
    co_return;
  }
  text += data_line(protocol::print_error(*failure));
  bool sent = co_await exchange.send_events(std::move(text));
  if (sent) co_await exchange.end_events();
}

// The header is held back until the first event, so that a failure before it still has its own status.
template <typename Wire>
asio::awaitable<void> send_stream(Exchange& exchange, Wire& wire, Answers& answers, EventQueue& queue,
                                  bool include_usage) {
  bool begun = false;
  while (!answers.done()) {
    std::vector<AnswerEvent> events = co_await queue.pop();
    if (events.empty()) {
      std::optional<ApiError> why = explain(queue.end());
      co_await send_failure(exchange, why, begun, std::string());
      co_return;
    }
    std::string text;
    for (const AnswerEvent& event : events) {
      for (const protocol::Answer& piece : take(event, answers, queue)) text += data_line(wire.chunk(piece));
      if (answers.failure()) break;
    }
    if (answers.failure()) {
      co_await send_failure(exchange, answers.failure(), begun, std::move(text));
      co_return;
    }
    if (!begun) {
      bool sent = co_await exchange.begin_events();
      if (!sent) co_return;
      std::string opening;
      for (size_t i = 0; i < answers.size(); ++i) {
        if (auto chunk = wire.opening(i)) opening += data_line(*chunk);
      }
      text.insert(0, opening);
      begun = true;
    }
    if (answers.done()) {
      if (include_usage) text += data_line(wire.usage(answers.usage()));
      text += "data: [DONE]\n\n";
    }
    bool sent = co_await exchange.send_events(std::move(text));
    if (!sent) co_return;
  }
  co_await exchange.end_events();
}

template <typename Wire>
asio::awaitable<void> send_whole(Exchange& exchange, Wire& wire, Answers& answers, EventQueue& queue) {
  while (!answers.done()) {
    std::vector<AnswerEvent> events = co_await queue.pop();
    if (events.empty()) {
      std::optional<ApiError> why = explain(queue.end());
      co_await send_failure(exchange, why, false, std::string());
      co_return;
    }
    for (const AnswerEvent& event : events) {
      take(event, answers, queue);
      if (!answers.failure()) continue;
      co_await exchange.send(error_response(*answers.failure()));
      co_return;
    }
  }
  std::string body =
      co_await exchange.on_worker([&] { return dump_json(wire.whole(answers.whole(), answers.usage())) + "\n"; });
  HttpResponse response = text_response(http::status::ok, "application/json", std::move(body));
  response.set(http::field::cache_control, "no-store");
  co_await exchange.send(std::move(response));
}

template <typename Wire>
asio::awaitable<void> handle(Exchange& exchange, Preparation (*prepare)(const std::string&, const chat::Provider&)) {
  double start = monotonic_seconds();
  chat::Provider& provider = *exchange.shared().provider;
  Preparation preparation = co_await exchange.on_worker([&] { return prepare(exchange.request().body(), provider); });
  if (auto* error = std::get_if<ApiError>(&preparation)) {
    co_await exchange.send(error_response(*error));
    co_return;
  }
  Prepared& prepared = std::get<Prepared>(preparation);
  auto queue = std::make_shared<EventQueue>(exchange.executor());
  QueueGuard guard(queue);
  size_t count = prepared.echoes.size();
  chat::AnswerForm form = prepared.requests.front().form;  // one for all: a chat is one request
  if (auto error = submit(exchange.shared(), provider, prepared, queue)) {
    co_await exchange.send(error_response(*error));
    co_return;
  }
  Answers answers(exchange.shared().metrics, start,
                  {.count = count,
                   .each = static_cast<size_t>(prepared.options.n),
                   .logprobs = prepared.options.logprobs,
                   .keep = !prepared.options.stream,
                   .echoes = std::move(prepared.echoes),
                   .form = std::move(form),
                   .one_call = !prepared.options.tools.parallel});
  Wire wire(make_head(Wire::kPrefix, provider, prepared.options), prepared.options, count);
  exchange.watch(queue);
  if (prepared.options.stream) co_await send_stream(exchange, wire, answers, *queue, prepared.options.include_usage);
  else co_await send_whole(exchange, wire, answers, *queue);
  exchange.unwatch();
}

}  // namespace

asio::awaitable<void> handle_completions(Exchange& exchange) {
  return handle<CompletionWire>(exchange, prepare_completion);
}
asio::awaitable<void> handle_chat(Exchange& exchange) { return handle<ChatWire>(exchange, prepare_chat); }

}  // namespace malmoi::serve
