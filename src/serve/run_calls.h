// The calls below /runs and /data: what stands in an address becomes a question to ServerOptions::runs and ::corpora.
#pragma once

#include <optional>
#include <string>

#include "protocol/api_error.h"
#include "serve/exchange.h"

namespace malmoi::serve {

asio::awaitable<void> list_runs(Exchange& exchange);
asio::awaitable<void> show_run(Exchange& exchange);
asio::awaitable<void> show_run_metrics(Exchange& exchange);
asio::awaitable<void> stop_run(Exchange& exchange);
asio::awaitable<void> resume_run(Exchange& exchange);

asio::awaitable<void> list_corpora(Exchange& exchange);
asio::awaitable<void> show_corpus(Exchange& exchange);
asio::awaitable<void> list_documents(Exchange& exchange);

/// What a server answers that was started without --runs or --data.
protocol::ApiError nothing_shown(const std::string& option);
/// The run or corpus that an address names: between `/runs/` or `/data/` and what may follow it.
std::string named_in(const HttpRequest& request, std::string_view before, std::string_view after);
/// `after=STEP` of a query, -1 where it does not stand there. Errors: no whole number.
std::optional<protocol::ApiError> read_after(const HttpRequest& request, int64_t& after);

}  // namespace malmoi::serve
