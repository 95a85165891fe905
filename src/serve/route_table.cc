#include "serve/route_table.h"

#include "base/percent.h"
#include "protocol/anthropic_error.h"
#include "protocol/anthropic_messages.h"
#include "protocol/apply_template.h"
#include "protocol/explore.h"
#include "protocol/fields.h"
#include "protocol/gemini.h"
#include "protocol/gemini_calls.h"
#include "protocol/gemini_error.h"
#include "protocol/infill.h"
#include "protocol/ollama_answers.h"
#include "protocol/ollama_chat.h"
#include "protocol/ollama_embed.h"
#include "protocol/ollama_generate.h"
#include "protocol/model_states.h"
#include "protocol/ollama_models.h"
#include "protocol/openai_chat.h"
#include "protocol/openai_completions.h"
#include "protocol/openai_embeddings.h"
#include "protocol/openai_models.h"
#include "protocol/openai_responses.h"
#include "protocol/rerank.h"
#include "protocol/tokenize.h"
#include "serve/admin_models.h"
#include "serve/extract_call.h"
#include "serve/hosting.h"
#include "serve/login.h"
#include "serve/openapi.h"
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

// Requests are answered; where a model cannot be loaded, that is told, and what is wrong with it to operators (/admin/models).
Json health_of(const chat::Provider& provider) {
  Json told = {{"status", "ok"}};
  for (const chat::ModelStatus& model : provider.status()) {
    if (model.problem.empty()) continue;
    const bool serves = model.state == chat::ModelState::kLoaded;
    told["problems"].push_back("the model '" + model.info.name + "' " +
                               (model.refused ? "is refused: a file of it changed while it was in use"
                                : serves      ? "cannot be loaded in its new version; the old one answers"
                                              : "cannot be loaded"));
  }
  return told;
}

asio::awaitable<void> handle_ready(Exchange& exchange) {
  Shared& shared = exchange.shared();
  if (shared.stopping) return exchange.send(not_ready({{"status", "stopping"}}));
  const chat::Provider* provider = shared.provider;
  if (!provider) return exchange.send(not_ready({{"status", "loading"}}));
  if (Status health = provider->health(); !health.ok())
    return exchange.send(not_ready({{"status", "failed"}, {"message", health.error().to_string()}}));
  return exchange.send(json_response(http::status::ok, health_of(*provider)));
}

asio::awaitable<void> handle_page(Exchange& exchange) { return exchange.send(page_response(exchange.request())); }

asio::awaitable<void> handle_metrics(Exchange& exchange) {
  Shared& shared = exchange.shared();
  const chat::Provider* provider = shared.provider;
  std::string text = shared.metrics.print(provider ? provider->status() : std::vector<chat::ModelStatus>());
  return exchange.send(text_response(http::status::ok, "text/plain; version=0.0.4; charset=utf-8", std::move(text)));
}

asio::awaitable<void> handle_openapi(Exchange& exchange) {
  HttpResponse response = text_response(http::status::ok, "application/json", openapi_text());
  response.set(http::field::cache_control, "no-cache");
  return exchange.send(std::move(response));
}

constexpr std::string_view kHealthPath = "/health", kPredictPath = "/predict";
// Of Google's clients.
constexpr const char* kGoogleClient = "x-goog-api-client";

// One line a path. Of two that match, the first stands.
const Route kRoutes[] = {
    {http::verb::get, "/livez", Scope::kNone, false, handle_live},
    {http::verb::get, "/readyz", Scope::kNone, false, handle_ready},
    {http::verb::get, kHealthPath, Scope::kNone, false, handle_ready},
    {http::verb::get, "/metrics", Scope::kMetrics, false, handle_metrics},
    {http::verb::get, "/openapi.json", Scope::kNone, false, handle_openapi},
    {http::verb::get,
     "/v1/models",
     Scope::kAny,
     true,
     protocol::list_gemini_models,
     {.print_error = protocol::print_gemini_error, .known_by = kGoogleClient}},
    {http::verb::get,
     "/v1/models/*",
     Scope::kAny,
     true,
     protocol::show_gemini_model,
     {.print_error = protocol::print_gemini_error, .known_by = kGoogleClient}},
    {http::verb::get, "/v1/models", Scope::kAny, true, protocol::list_models},
    {http::verb::get, "/v1/models/*", Scope::kAny, true, protocol::show_model},
    {http::verb::post, "/v1/completions", Scope::kGenerate, true, &protocol::kOpenAiCompletions},
    {http::verb::post, "/v1/chat/completions", Scope::kGenerate, true, &protocol::kOpenAiChat},
    {http::verb::post,
     "/v1/messages",
     Scope::kGenerate,
     true,
     &protocol::kAnthropicMessages,
     {.print_error = protocol::print_anthropic_error}},
    {http::verb::post,
     "/v1/messages/count_tokens",
     Scope::kTokenize,
     true,
     protocol::count_message_tokens,
     {.print_error = protocol::print_anthropic_error}},
    {http::verb::post,
     "/v1beta/models/*:generateContent",
     Scope::kGenerate,
     true,
     &protocol::kGemini,
     {.print_error = protocol::print_gemini_error}},
    {http::verb::post,
     "/v1beta/models/*:streamGenerateContent",
     Scope::kGenerate,
     true,
     &protocol::kGeminiStream,
     {.print_error = protocol::print_gemini_error}},
    {http::verb::post,
     "/v1beta/models/*:countTokens",
     Scope::kTokenize,
     true,
     protocol::count_gemini_tokens,
     {.print_error = protocol::print_gemini_error}},
    {http::verb::get,
     "/v1beta/models",
     Scope::kAny,
     true,
     protocol::list_gemini_models,
     {.print_error = protocol::print_gemini_error}},
    {http::verb::get,
     "/v1beta/models/*",
     Scope::kAny,
     true,
     protocol::show_gemini_model,
     {.print_error = protocol::print_gemini_error}},
    {http::verb::post,
     "/v1/models/*:generateContent",
     Scope::kGenerate,
     true,
     &protocol::kGemini,
     {.print_error = protocol::print_gemini_error}},
    {http::verb::post,
     "/v1/models/*:streamGenerateContent",
     Scope::kGenerate,
     true,
     &protocol::kGeminiStream,
     {.print_error = protocol::print_gemini_error}},
    {http::verb::post,
     "/v1/models/*:countTokens",
     Scope::kTokenize,
     true,
     protocol::count_gemini_tokens,
     {.print_error = protocol::print_gemini_error}},
    {http::verb::post, "/v1/responses", Scope::kGenerate, true, &protocol::kOpenAiResponses},
    {http::verb::post, "/tokenize", Scope::kTokenize, true, protocol::tokenize},
    {http::verb::post, "/detokenize", Scope::kTokenize, true, protocol::detokenize},
    {http::verb::post, "/v1/embeddings", Scope::kEmbed, true, SlowCall{protocol::create_embeddings}},
    {http::verb::post, "/v1/rerank", Scope::kEmbed, true, SlowCall{protocol::rerank}},
    {http::verb::post, "/rerank", Scope::kEmbed, true, SlowCall{protocol::rerank}},
    {http::verb::post, "/apply-template", Scope::kTokenize, true, protocol::apply_template},
    {http::verb::post, "/infill", Scope::kGenerate, true, &protocol::kInfill},
    {http::verb::post, "/explore/attention", Scope::kGenerate, true, SlowCall{protocol::show_attention}},
    {http::verb::post, "/explore/fill", Scope::kGenerate, true, SlowCall{protocol::fill_gaps}},
    {http::verb::post, "/explore/classify", Scope::kGenerate, true, SlowCall{protocol::classify_text}},
    {http::verb::get, "/admin/models", Scope::kAdmin, true, protocol::list_model_states},
    {http::verb::post, "/admin/models/load", Scope::kAdmin, true, handle_load_model},
    {http::verb::post, "/admin/models/unload", Scope::kAdmin, true, handle_unload_model},
    {http::verb::post, "/login", Scope::kNone, false, handle_login},
    {http::verb::post, "/logout", Scope::kNone, false, handle_logout},
    {http::verb::get, "/session", Scope::kNone, false, handle_session},
    // SageMaker, Azure ML, Vertex AI; what a body asks for, and so its scope, is told by its shape (which may name other paths: ServerOptions)
    {http::verb::get, "/ping", Scope::kNone, false, handle_ready},
    {http::verb::post, "/invocations", Scope::kAny, true, handle_invocation},
    {http::verb::post, "/score", Scope::kAny, true, handle_invocation},
    {http::verb::post, kPredictPath, Scope::kAny, true, handle_prediction},
    {http::verb::post,
     "/api/chat",
     Scope::kGenerate,
     true,
     &protocol::kOllamaChat,
     {.print_error = protocol::print_ollama_error, .any_type = true}},
    {http::verb::post,
     "/api/generate",
     Scope::kGenerate,
     true,
     &protocol::kOllamaGenerate,
     {.print_error = protocol::print_ollama_error, .any_type = true}},
    {http::verb::post,
     "/api/embed",
     Scope::kEmbed,
     true,
     SlowCall{protocol::create_ollama_embeddings},
     {.print_error = protocol::print_ollama_error, .any_type = true}},
    {http::verb::post,
     "/api/embeddings",
     Scope::kEmbed,
     true,
     SlowCall{protocol::create_ollama_embedding},
     {.print_error = protocol::print_ollama_error, .any_type = true}},
    {http::verb::post,
     "/api/show",
     Scope::kAny,
     true,
     CallOfAll{protocol::show_ollama_model},
     {.print_error = protocol::print_ollama_error, .any_type = true}},
    {http::verb::get,
     "/api/tags",
     Scope::kAny,
     true,
     protocol::list_ollama_models,
     {.print_error = protocol::print_ollama_error}},
    {http::verb::get,
     "/api/ps",
     Scope::kAny,
     true,
     protocol::list_loaded_ollama_models,
     {.print_error = protocol::print_ollama_error}},
    {http::verb::get,
     "/api/version",
     Scope::kAny,
     true,
     protocol::ollama_version,
     {.print_error = protocol::print_ollama_error}},
    // The text of documents, which needs no model.
    {http::verb::post, "/extract", Scope::kGenerate, false, handle_extract, {.takes_file = true}},
    // Training runs and corpora, where the server was given any.
    {http::verb::get, "/runs", Scope::kMetrics, false, list_runs},
    {http::verb::get, "/runs/*/metrics", Scope::kMetrics, false, show_run_metrics},
    {http::verb::get, "/runs/*/events", Scope::kMetrics, false, follow_run},
    {http::verb::post, "/runs/*/stop", Scope::kAdmin, false, stop_run},
    {http::verb::post, "/runs/*/resume", Scope::kAdmin, false, resume_run},
    {http::verb::get, "/runs/*", Scope::kMetrics, false, show_run},
    {http::verb::get, "/data", Scope::kAdmin, false, list_corpora},
    {http::verb::get, "/data/*/documents", Scope::kAdmin, false, list_documents},
    {http::verb::get, "/data/*", Scope::kAdmin, false, show_corpus},
};
const Route kPageRoute = {http::verb::get, "/", Scope::kNone, false, handle_page};

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

std::span<const Route> routes() { return kRoutes; }

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

bool is_for_model(const ServerOptions& options, const HttpRequest& request) {
  const Route* route = find_route(options, request);
  return route && route->needs_model && request.method() == http::verb::post;
}

std::string methods_at(const ServerOptions& options, const HttpRequest& request) {
  const std::string_view path = known_path(options, request);
  bool gets = is_page(path), posts = false;
  for (const Route& route : kRoutes) {
    if (!matched(route.path, path)) continue;
    gets |= route.method == http::verb::get;
    posts |= route.method == http::verb::post;
  }
  std::string methods = gets ? "GET, HEAD" : "";
  if (posts) methods += gets ? ", POST" : "POST";
  return methods;
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
