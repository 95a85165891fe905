#include "serve/generate.h"

#include <fmt/format.h>

#include <ctime>
#include <random>
#include <variant>

#include "base/log.h"
#include "protocol/openai_chat.h"
#include "protocol/openai_completions.h"
#include "serve/answers.h"

namespace malmoi::serve {
namespace {

using protocol::ApiError;

// A request made ready for the engine; on a worker thread.
struct Prepared {
  protocol::GenerationOptions options;
  std::vector<infer::Request> requests;  // one a prompt
  std::vector<std::string> echoes;       // that each answer begins with; empty: nothing
  protocol::Usage usage;
  bool trim_start = false;
};
using Preparation = std::variant<Prepared, ApiError>;

// An id that no two answers share, such as `cmpl-5f0c...`.
std::string new_id(const char* prefix) {
  static thread_local std::mt19937_64 random{std::random_device{}()};
  return fmt::format("{}-{:016x}{:016x}", prefix, random(), random());
}

uint64_t random_seed() { return std::random_device{}() | uint64_t{std::random_device{}()} << 32; }

std::optional<ApiError> check_model(const std::string& name, const Backend& backend) {
  if (name.empty() || name == backend.model.id) return {};
  return ApiError{.status = 404,
                  .message = "the model '" + name + "' does not exist here; use '" + backend.model.id + "'",
                  .param = "model",
                  .code = "model_not_found"};
}

// Adds the request of one prompt, for `n` answers.
std::optional<ApiError> add_request(Prepared& out, const Backend& backend, std::vector<int32_t> ids, const char* field,
                                    std::string echo) {
  if (ids.empty() && !backend.stop_ids.empty()) ids.push_back(backend.stop_ids[0]);  // what separates texts in training
  auto length = static_cast<int64_t>(ids.size()), context = backend.engine->context_length();
  if (length >= context)
    return ApiError{
        .message = fmt::format(
            "the prompt has {} tokens, and the model's context of {} must hold the answer too; shorten the prompt",
            length, context),
        .param = field,
        .code = "context_length_exceeded"};
  const protocol::GenerationOptions& options = out.options;
  infer::Request request;
  request.prompt = std::move(ids);
  request.answers = options.n;
  request.max_tokens = options.max_tokens.value_or(context);
  request.sampling = options.sampling;
  if (!options.seeded) request.sampling.seed = random_seed();
  request.stop = options.stop;
  if (!options.ignore_eos) request.stop_ids = backend.stop_ids;
  request.top_probabilities = options.top_logprobs;
  out.requests.push_back(std::move(request));
  out.echoes.insert(out.echoes.end(), static_cast<size_t>(options.n), echo);
  out.usage.prompt_tokens += length;
  return {};
}

Preparation prepare_completion(const std::string& body, const Backend& backend) {
  auto json = protocol::parse_body(body);
  if (!json.ok()) return protocol::to_api_error(json.error());
  auto request = protocol::parse_completion(*json, backend.defaults);
  if (!request.ok()) return protocol::to_api_error(request.error());
  Prepared out{.options = request->options};
  if (auto error = check_model(out.options.model, backend)) return *error;
  for (const protocol::Prompt& prompt : request->prompts) {
    const auto* text = std::get_if<std::string>(&prompt);
    std::vector<int32_t> ids =
        text ? backend.tokenizer->encode(*text, {.add_special = true}) : std::get<std::vector<int32_t>>(prompt);
    std::string echo;
    if (request->echo) echo = text ? *text : backend.tokenizer->decode(ids);
    if (auto error = add_request(out, backend, std::move(ids), "prompt", std::move(echo))) return *error;
  }
  return out;
}

Preparation prepare_chat(const std::string& body, const Backend& backend) {
  auto json = protocol::parse_body(body);
  if (!json.ok()) return protocol::to_api_error(json.error());
  auto request = protocol::parse_chat(*json, backend.defaults);
  if (!request.ok()) return protocol::to_api_error(request.error());
  Prepared out{.options = request->options};
  if (auto error = check_model(out.options.model, backend)) return *error;
  auto chat = backend.chat_template.render(request->messages);
  if (!chat.ok()) return protocol::to_api_error(chat.error());
  out.trim_start = chat->trim_start;
  out.options.stop.insert(out.options.stop.end(), chat->stop.begin(), chat->stop.end());
  // What a user writes is text: special tokens in it are not recognised.
  std::vector<int32_t> ids = backend.tokenizer->encode(chat->prompt, {.add_special = true, .parse_special = false});
  if (auto error = add_request(out, backend, std::move(ids), "messages", "")) return *error;
  return out;
}

// Hands the requests to the engine. On an error nothing of them runs on.
std::optional<ApiError> submit(Shared& shared, const Backend& backend, Prepared& prepared,
                               const std::shared_ptr<EventQueue>& queue) {
  if (shared.stopping)
    return ApiError{.status = 503,
                    .message = "the server is stopping; try again later",
                    .type = "server_error",
                    .code = "unavailable"};
  infer::EngineStats stats = backend.engine->stats();
  if (stats.running + stats.waiting + static_cast<int64_t>(prepared.echoes.size()) > shared.options.max_requests)
    return ApiError{
        .status = 429,
        .message = fmt::format("{} answers are running or waiting, the server's limit is {}; try again soon",
                               stats.running + stats.waiting, shared.options.max_requests),
        .type = "rate_limit_error",
        .code = "server_busy"};
  size_t first = 0;  // of a request's answers
  for (infer::Request& request : prepared.requests) {
    request.cancel = queue->cancel_flag();
    auto answers = static_cast<size_t>(request.answers);
    Status status = backend.engine->submit(std::move(request), [queue, first](const infer::TokenEvent& event) {
      return queue->push(first + static_cast<size_t>(event.answer), event);
    });
    first += answers;
    if (status.ok()) continue;
    queue->close();
    return protocol::to_api_error(status.error());
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
  Json usage(const protocol::Usage& usage) const { return stream_.usage_chunk(usage); }
  Json whole(const std::vector<protocol::Answer>& answers, const protocol::Usage& usage) const {
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
  Json usage(const protocol::Usage& usage) const { return stream_.usage_chunk(usage); }
  Json whole(const std::vector<protocol::Answer>& answers, const protocol::Usage& usage) const {
    return print_chat(head_, answers, usage, options_);
  }

 private:
  protocol::ChatStream stream_;
  protocol::ResponseHead head_;
  protocol::GenerationOptions options_;
};

std::string data_line(const Json& json) { return "data: " + dump_json(json) + "\n\n"; }

// The header is held back until the first event, so that a failure before it still has its own status.
template <typename Wire>
asio::awaitable<void> send_stream(Exchange& exchange, Wire& wire, Answers& answers, EventQueue& queue,
                                  bool include_usage) {
  bool begun = false;
  while (!answers.done()) {
    std::vector<AnswerEvent> events = co_await queue.pop();
    if (events.empty()) co_return;  // the client is gone
    std::string text;
    for (const AnswerEvent& event : events) {
      for (const protocol::Answer& piece : answers.add(event)) text += data_line(wire.chunk(piece));
      if (answers.failure()) break;
    }
    if (answers.failure() && !begun) {
      co_await exchange.send(error_response(*answers.failure()));
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
    if (answers.failure()) {
      text += data_line(protocol::print_error(*answers.failure()));
      bool sent = co_await exchange.send_events(std::move(text));
      if (sent) co_await exchange.end_events();
      co_return;
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
    if (events.empty()) co_return;
    for (const AnswerEvent& event : events) {
      answers.add(event);
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
asio::awaitable<void> handle(Exchange& exchange, Preparation (*prepare)(const std::string&, const Backend&)) {
  double start = monotonic_seconds();
  std::shared_ptr<const Backend> backend = exchange.shared().backend();
  Preparation preparation = co_await exchange.on_worker([&] { return prepare(exchange.request().body(), *backend); });
  if (auto* error = std::get_if<ApiError>(&preparation)) {
    co_await exchange.send(error_response(*error));
    co_return;
  }
  Prepared& prepared = std::get<Prepared>(preparation);
  auto queue = std::make_shared<EventQueue>(exchange.executor());
  size_t count = prepared.echoes.size();
  if (auto error = submit(exchange.shared(), *backend, prepared, queue)) {
    co_await exchange.send(error_response(*error));
    co_return;
  }
  Answers answers(*backend->tokenizer, exchange.shared().metrics, start,
                  {.count = count,
                   .logprobs = prepared.options.logprobs,
                   .trim_start = prepared.trim_start,
                   .usage = prepared.usage,
                   .echoes = std::move(prepared.echoes)});
  protocol::ResponseHead head{new_id(Wire::kPrefix), backend->model.id, static_cast<int64_t>(std::time(nullptr))};
  Wire wire(std::move(head), prepared.options, count);
  exchange.watch(queue);
  if (prepared.options.stream) co_await send_stream(exchange, wire, answers, *queue, prepared.options.include_usage);
  else co_await send_whole(exchange, wire, answers, *queue);
  queue->close();
  exchange.unwatch();
}

}  // namespace

asio::awaitable<void> handle_completions(Exchange& exchange) {
  return handle<CompletionWire>(exchange, prepare_completion);
}
asio::awaitable<void> handle_chat(Exchange& exchange) { return handle<ChatWire>(exchange, prepare_chat); }

}  // namespace malmoi::serve
