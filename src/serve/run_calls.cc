#include "serve/run_calls.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/percent.h"
#include "protocol/fields.h"
#include "serve/call.h"
#include "serve/runs.h"
#include "serve/target.h"

namespace malmoi::serve {
namespace {

using protocol::ApiError;
using protocol::Reply;

constexpr int64_t kMostDocuments = 200;  // of a page

// Asks on the worker that reads files, and sends what it says.
template <typename Ask>
asio::awaitable<void> answer(Exchange& exchange, Ask ask) {
  Reply reply = co_await exchange.on_file_worker(std::move(ask));
  co_await send_reply(exchange, std::move(reply));
}

using RunQuestion = Reply (*)(Runs& runs, const HttpRequest& request);

asio::awaitable<void> ask_runs(Exchange& exchange, RunQuestion question) {
  Runs* runs = exchange.shared().options.runs.get();
  return answer(exchange, [runs, question, request = &exchange.request()] {
    return runs ? question(*runs, *request) : Reply(nothing_shown("--runs"));
  });
}

using CorpusQuestion = Reply (*)(const Corpora& corpora, const HttpRequest& request);

asio::awaitable<void> ask_corpora(Exchange& exchange, CorpusQuestion question) {
  const Corpora* corpora = exchange.shared().options.corpora.get();
  return answer(exchange, [corpora, question, request = &exchange.request()] {
    return corpora ? question(*corpora, *request) : Reply(nothing_shown("--data"));
  });
}

// A whole number of a query, from `least` to `most`; `fallback` where it does not stand there.
std::optional<ApiError> read_number(const HttpRequest& request, const char* name, int64_t least, int64_t most,
                                    int64_t& number) {
  const auto text = find_in_query(query_of(request), name);
  if (!text) return {};
  int64_t read = 0;
  const char* end = text->data() + text->size();
  const auto [stopped, error] = std::from_chars(text->data(), end, read);
  if (error == std::errc() && stopped == end && read >= least && read <= most) {
    number = read;
    return {};
  }
  return ApiError{.message = std::string("'") + name + "' is a whole number from " + std::to_string(least) + " to " +
                             std::to_string(most),
                  .param = name};
}

// What is to be done needs nothing beside its address.
std::optional<ApiError> refuse_fields(const HttpRequest& request) {
  if (request.body().empty()) return {};
  auto body = protocol::parse_body(request.body());
  if (!body.ok()) return protocol::to_api_error(body.error());
  if (body->empty()) return {};
  const std::string field = body->begin().key();
  return ApiError{.message = "there is no field " + dump_json(Json(protocol::shown(field))) + " here; send {}",
                  .param = field};
}

Reply documents_of(const Corpora& corpora, const HttpRequest& request) {
  DocumentQuery query;
  const std::string_view text = query_of(request);
  const std::string kept = find_in_query(text, "kept").value_or("true");
  if (kept != "true" && kept != "false") return ApiError{.message = "'kept' is true or false", .param = "kept"};
  query.kept = kept == "true";
  query.reason = find_in_query(text, "reason").value_or("");
  query.find = find_in_query(text, "find").value_or("");
  if (query.kept && !query.reason.empty())
    return ApiError{.message = "only what was dropped or changed has a reason; ask with kept=false", .param = "reason"};
  if (auto error = read_number(request, "offset", 0, INT64_MAX / 2, query.offset)) return *error;
  if (auto error = read_number(request, "limit", 1, kMostDocuments, query.limit)) return *error;
  return corpora.documents(named_in(request, "/data/", "/documents"), query);
}

}  // namespace

ApiError nothing_shown(const std::string& option) {
  return {.status = 404,
          .message = "this server shows nothing here; it was started without " + option + " FOLDER",
          .code = "unknown_url"};
}

std::string named_in(const HttpRequest& request, std::string_view before, std::string_view after) {
  std::string_view path = path_of(request);
  path.remove_prefix(std::min(before.size(), path.size()));
  if (path.ends_with(after)) path.remove_suffix(after.size());
  return percent_decode(path);
}

std::optional<ApiError> read_after(const HttpRequest& request, int64_t& after) {
  after = -1;
  return read_number(request, "after", -1, INT64_MAX / 2, after);
}

asio::awaitable<void> list_runs(Exchange& exchange) {
  return ask_runs(exchange, [](Runs& runs, const HttpRequest&) { return runs.list(); });
}

asio::awaitable<void> show_run(Exchange& exchange) {
  return ask_runs(exchange,
                  [](Runs& runs, const HttpRequest& request) { return runs.show(named_in(request, "/runs/", "")); });
}

asio::awaitable<void> show_run_metrics(Exchange& exchange) {
  return ask_runs(exchange, [](Runs& runs, const HttpRequest& request) -> Reply {
    int64_t after = -1;
    if (auto error = read_after(request, after)) return *error;
    return runs.metrics(named_in(request, "/runs/", "/metrics"), after);
  });
}

asio::awaitable<void> stop_run(Exchange& exchange) {
  return ask_runs(exchange, [](Runs& runs, const HttpRequest& request) -> Reply {
    if (auto error = refuse_fields(request)) return *error;
    return runs.stop(named_in(request, "/runs/", "/stop"));
  });
}

asio::awaitable<void> resume_run(Exchange& exchange) {
  return ask_runs(exchange, [](Runs& runs, const HttpRequest& request) -> Reply {
    if (auto error = refuse_fields(request)) return *error;
    return runs.resume(named_in(request, "/runs/", "/resume"));
  });
}

asio::awaitable<void> list_corpora(Exchange& exchange) {
  return ask_corpora(exchange, [](const Corpora& corpora, const HttpRequest&) { return corpora.list(); });
}

asio::awaitable<void> show_corpus(Exchange& exchange) {
  return ask_corpora(exchange, [](const Corpora& corpora, const HttpRequest& request) {
    return corpora.show(named_in(request, "/data/", ""));
  });
}

asio::awaitable<void> list_documents(Exchange& exchange) { return ask_corpora(exchange, documents_of); }

}  // namespace malmoi::serve
