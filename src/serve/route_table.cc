#include "serve/route_table.h"

#include "base/percent.h"
#include "protocol/anthropic_error.h"
#include "protocol/anthropic_messages.h"
#include "protocol/apply_template.h"
#include "protocol/fields.h"
#include "protocol/gemini.h"
#include "protocol/gemini_calls.h"
#include "protocol/gemini_error.h"
#include "protocol/infill.h"
#include "protocol/ollama_answers.h"
#include "protocol/ollama_chat.h"
#include "protocol/ollama_generate.h"
#include "protocol/ollama_models.h"
#include "protocol/openai_chat.h"
#include "protocol/openai_completions.h"
#include "protocol/openai_embeddings.h"
#include "protocol/openai_models.h"
#include "protocol/openai_responses.h"
#include "protocol/rerank.h"
#include "protocol/tokenize.h"
#include "serve/hosting.h"
#include "serve/page.h"
#include "serve/run_calls.h"
#include "serve/run_events.h"
#include "serve/target.h"

namespace malmoi::serve {
namespace {

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

constexpr std::string_view kHealthPath = "/health", kPredictPath = "/predict";
// Of Google's clients.
constexpr const char* kGoogleClient = "x-goog-api-client";

// One line a path. Of two that match, the first stands.
const Route kRoutes[] = {
    {http::verb::get, "/livez", false, false, handle_live},
    {http::verb::get, "/readyz", false, false, handle_ready},
    {http::verb::get, kHealthPath, false, false, handle_ready},
    {http::verb::get, "/metrics", true, false, handle_metrics},
    {http::verb::get,
     "/v1/models",
     true,
     true,
     protocol::list_gemini_models,
     {.print_error = protocol::print_gemini_error, .known_by = kGoogleClient}},
    {http::verb::get,
     "/v1/models/*",
     true,
     true,
     protocol::show_gemini_model,
     {.print_error = protocol::print_gemini_error, .known_by = kGoogleClient}},
    {http::verb::get, "/v1/models", true, true, protocol::list_models},
    {http::verb::get, "/v1/models/*", true, true, protocol::show_model},
    {http::verb::post, "/v1/completions", true, true, &protocol::kOpenAiCompletions},
    {http::verb::post, "/v1/chat/completions", true, true, &protocol::kOpenAiChat},
    {http::verb::post,
     "/v1/messages",
     true,
     true,
     &protocol::kAnthropicMessages,
     {.print_error = protocol::print_anthropic_error}},
    {http::verb::post,
     "/v1/messages/count_tokens",
     true,
     true,
     protocol::count_message_tokens,
     {.print_error = protocol::print_anthropic_error}},
    {http::verb::post,
     "/v1beta/models/*:generateContent",
     true,
     true,
     &protocol::kGemini,
     {.print_error = protocol::print_gemini_error}},
    {http::verb::post,
     "/v1beta/models/*:streamGenerateContent",
     true,
     true,
     &protocol::kGeminiStream,
     {.print_error = protocol::print_gemini_error}},
    {http::verb::post,
     "/v1beta/models/*:countTokens",
     true,
     true,
     protocol::count_gemini_tokens,
     {.print_error = protocol::print_gemini_error}},
    {http::verb::get,
     "/v1beta/models",
     true,
     true,
     protocol::list_gemini_models,
     {.print_error = protocol::print_gemini_error}},
    {http::verb::get,
     "/v1beta/models/*",
     true,
     true,
     protocol::show_gemini_model,
     {.print_error = protocol::print_gemini_error}},
    {http::verb::post,
     "/v1/models/*:generateContent",
     true,
     true,
     &protocol::kGemini,
     {.print_error = protocol::print_gemini_error}},
    {http::verb::post,
     "/v1/models/*:streamGenerateContent",
     true,
     true,
     &protocol::kGeminiStream,
     {.print_error = protocol::print_gemini_error}},
    {http::verb::post,
     "/v1/models/*:countTokens",
     true,
     true,
     protocol::count_gemini_tokens,
     {.print_error = protocol::print_gemini_error}},
    {http::verb::post, "/v1/responses", true, true, &protocol::kOpenAiResponses},
    {http::verb::post, "/tokenize", true, true, protocol::tokenize},
    {http::verb::post, "/detokenize", true, true, protocol::detokenize},
    {http::verb::post, "/v1/embeddings", true, true, SlowCall{protocol::create_embeddings}},
    {http::verb::post, "/v1/rerank", true, true, SlowCall{protocol::rerank}},
    {http::verb::post, "/rerank", true, true, SlowCall{protocol::rerank}},
    {http::verb::post, "/apply-template", true, true, protocol::apply_template},
    {http::verb::post, "/infill", true, true, &protocol::kInfill},
    // SageMaker, Azure ML, Vertex AI (which may name other paths: ServerOptions)
    {http::verb::get, "/ping", false, false, handle_ready},
    {http::verb::post, "/invocations", true, true, handle_invocation},
    {http::verb::post, "/score", true, true, handle_invocation},
    {http::verb::post, kPredictPath, true, true, handle_prediction},
    {http::verb::post,
     "/api/chat",
     true,
     true,
     &protocol::kOllamaChat,
     {.print_error = protocol::print_ollama_error, .any_type = true}},
    {http::verb::post,
     "/api/generate",
     true,
     true,
     &protocol::kOllamaGenerate,
     {.print_error = protocol::print_ollama_error, .any_type = true}},
    {http::verb::post,
     "/api/show",
     true,
     true,
     protocol::show_ollama_model,
     {.print_error = protocol::print_ollama_error, .any_type = true}},
    {http::verb::get,
     "/api/tags",
     true,
     true,
     protocol::list_ollama_models,
     {.print_error = protocol::print_ollama_error}},
    {http::verb::get,
     "/api/ps",
     true,
     true,
     protocol::list_loaded_ollama_models,
     {.print_error = protocol::print_ollama_error}},
    {http::verb::get,
     "/api/version",
     true,
     true,
     protocol::ollama_version,
     {.print_error = protocol::print_ollama_error}},
    // Training runs and corpora, where the server was given any.
    {http::verb::get, "/runs", true, false, list_runs},
    {http::verb::get, "/runs/*/metrics", true, false, show_run_metrics},
    {http::verb::get, "/runs/*/events", true, false, follow_run},
    {http::verb::post, "/runs/*/stop", true, false, stop_run},
    {http::verb::post, "/runs/*/resume", true, false, resume_run},
    {http::verb::get, "/runs/*", true, false, show_run},
    {http::verb::get, "/data", true, false, list_corpora},
    {http::verb::get, "/data/*/documents", true, false, list_documents},
    {http::verb::get, "/data/*", true, false, show_corpus},
};
const Route kPageRoute = {http::verb::get, "/", false, false, handle_page};

// Where nothing is, failures are told as a protocol tells them whose paths begin so; else as OpenAI's.
struct ErrorForm {
  std::string_view begins;
  protocol::PrintError print;
};
constexpr ErrorForm kErrorForms[] = {
    {"/api/", protocol::print_ollama_error},
    {"/v1beta/", protocol::print_gemini_error},
    {"/v1/messages/", protocol::print_anthropic_error},
};

// What stands for the `*` of a path; empty where there is none. Nothing: another path.
std::optional<std::string_view> matched(std::string_view pattern, std::string_view path) {
  const size_t star = pattern.find('*');
  if (star == std::string_view::npos) return path == pattern ? std::optional(std::string_view()) : std::nullopt;
  const std::string_view before = pattern.substr(0, star), after = pattern.substr(star + 1);
  if (path.size() <= before.size() + after.size() || !path.starts_with(before) || !path.ends_with(after)) return {};
  return path.substr(before.size(), path.size() - before.size() - after.size());
}

// The path of the table that a request asks for: some have names of the user's own, too.
std::string_view known_path(const ServerOptions& options, const HttpRequest& request) {
  const std::string_view path = path_of(request);
  if (path.empty()) return path;
  if (path == options.health_path) return kHealthPath;
  if (path == options.predict_path) return kPredictPath;
  return path;
}

}  // namespace

const Route* find_route(const ServerOptions& options, const HttpRequest& request) {
  const std::string_view path = known_path(options, request);
  if (is_page(path)) return &kPageRoute;
  const bool reads = request.method() == http::verb::get || request.method() == http::verb::head;
  const Route* other = nullptr;
  for (const Route& route : kRoutes) {
    const char* known_by = route.form.known_by;
    if (!matched(route.path, path) || (known_by && request.count(known_by) == 0)) continue;
    if (route.method == request.method() || (reads && route.method == http::verb::get)) return &route;
    if (!other) other = &route;
  }
  return other;
}

protocol::PrintError errors_of(const ServerOptions& options, const HttpRequest& request) {
  if (const Route* route = find_route(options, request)) return route->form.print_error;
  for (const ErrorForm& form : kErrorForms) {
    if (path_of(request).starts_with(form.begins)) return form.print;
  }
  return protocol::print_openai_error;
}

protocol::Address address_of(const Route& route, const HttpRequest& request) {
  const std::string_view name = matched(route.path, path_of(request)).value_or("");
  return {.name = percent_decode(name), .query = std::string(query_of(request))};
}

}  // namespace malmoi::serve
