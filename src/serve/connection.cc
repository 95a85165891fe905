#include "serve/connection.h"

#include <array>
#include <string>
#include <utility>

#include "base/utf8.h"
#include "serve/body_budget.h"
#include "serve/route_table.h"
#include "serve/routes.h"

namespace malmoi::serve {
namespace {

constexpr size_t kReadBytes = 16 << 10;

constexpr std::string_view kGoOn = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr size_t kMostOfLoggedBody = 64 << 10;
// For a client to take a piece of an answer; one that reads gives way to nobody.
constexpr double kSlowSeconds = 1;

protocol::ApiError server_failure(const std::string& why) {
  return {.status = 500, .message = "the server failed: " + why + "; please report this", .type = "server_error"};
}

}  // namespace

asio::awaitable<void> Connection::run() {
  stream_.expires_after(milliseconds(shared_.options.header_seconds));
  bool begun = co_await stream_.begin();
  while (begun && !shared_.stopping) {
    bool another = co_await serve_one();  // not in the condition above: GCC 12 makes a trap of it
    if (!another) break;
    idle_ = true;
    wait_for_client();
    between_ = buffer_.size() == 0;
    stream_.expires_after(milliseconds(between_ ? shared_.options.idle_seconds : shared_.options.header_seconds));
  }
  co_await stream_.end();
  close();
}

// Reads until the parser has what it is at; false where the client went away or was too slow. `context`: whose body is read; null: a
// header is.
asio::awaitable<bool> Connection::read(RequestParser& parser, RequestContext* context) {
  while (true) {
    auto bytes = buffer_.data();
    size_t used = parser.put({static_cast<const char*>(bytes.data()), bytes.size()});
    buffer_.consume(used);
    if (context) count_body(parser, *context);
    if (parser.stopped()) co_return true;
    const size_t size = co_await stream_.read_some(buffer_.prepare(kReadBytes));
    if (size == 0) co_return false;
    buffer_.commit(size);
    if (std::exchange(between_, false)) stream_.expires_after(milliseconds(shared_.options.header_seconds));
  }
}

// Chunks may make a body larger than anybody said.
void Connection::count_body(RequestParser& parser, RequestContext& context) {
  const std::string& body = parser.request().body();
  if (parser.error() || body.size() <= kSmallBody) return;
  if (auto error = hold_body(shared_, context, body.capacity())) parser.stop(*std::move(error));
}

// One request and its answer; returns whether another may follow.
asio::awaitable<bool> Connection::serve_one() {
  RequestParser parser(shared_.options);
  bool arrived = co_await read(parser, nullptr);
  if (!arrived) co_return false;
  idle_ = false;
  reads_since_.reset();
  RequestContext context(stream_.peer());
  context.begin(parser.request());
  bool another = co_await serve_request(parser, context);
  log(context);
  co_return another;
}

// The same from where its header is there.
asio::awaitable<bool> Connection::serve_request(RequestParser& parser, RequestContext& context) {
  if (parser.error()) {
    co_await answer_error(parser, context);
    co_return false;
  }
  HttpRequest& request = parser.request();
  auto refusal = refuse(shared_, request, context);
  if (refusal || (parser.has_body() && !wants_body(request))) {
    // What nobody may send, or nobody wants, is not read.
    Exchange exchange(stream_, shared_, request, context, parser.keep_alive() && !parser.has_body(),
                      errors_of(shared_.options, request));
    if (refusal) co_await exchange.send(std::move(*refusal));
    else co_await answer(exchange);
    if (parser.has_body()) co_await linger();
    co_return exchange.keep_alive();
  }
  bool whole = co_await read_body(parser, context);
  if (!whole) co_return false;
  if (parser.error()) {
    co_await answer_error(parser, context);
    co_return false;
  }
  stream_.expires_never();
  if (shared_.options.log_prompts && is_for_model(shared_.options, request))
    context.body =
        request.body().substr(0, complete_utf8_prefix(std::string_view(request.body()).substr(0, kMostOfLoggedBody)));
  Exchange exchange(stream_, shared_, request, context, parser.keep_alive(), errors_of(shared_.options, request));
  co_await answer(exchange);
  co_return exchange.keep_alive();
}

// False where the client went away or was too slow; what is wrong with the body is the parser's error.
asio::awaitable<bool> Connection::read_body(RequestParser& parser, RequestContext& context) {
  parser.begin_body(most_body(shared_.options, parser.request()));
  if (parser.error()) co_return true;
  if (parser.has_body() && parser.request().count(http::field::expect) > 0) {
    bool sent = co_await stream_.write(kGoOn, {});
    if (!sent) co_return false;
  }
  stream_.expires_after(milliseconds(shared_.options.body_seconds));
  wait_for_client();
  bool arrived = co_await read(parser, &context);
  if (arrived) reads_since_.reset();
  co_return arrived;
}

void Connection::log(const RequestContext& context) {
  if (shared_.access_log) shared_.access_log->write(dump_json(context.log_entry()));
}

asio::awaitable<void> Connection::answer(Exchange& exchange) {
  std::string failure;
  exchange_ = &exchange;
  try {
    co_await handle_request(exchange);
  } catch (const std::exception& error) {
    failure = error.what();
  }
  exchange_ = nullptr;
  if (failure.empty()) co_return;
  shared_.options.warn("a request failed: " + failure);
  if (exchange.answered()) {
    exchange.abandon();
    co_return;
  }
  protocol::ApiError told = server_failure(failure);  // made apart: GCC 12 frees a brace within a co_await twice
  co_await exchange.send_error(told);
}

asio::awaitable<void> Connection::answer_error(RequestParser& parser, RequestContext& context) {
  const protocol::ApiError error = *parser.error();
  const protocol::PrintError print = errors_of(shared_.options, parser.request());
  std::string().swap(parser.request().body());  // what came of it is read by nobody
  context.body_bytes.reset();
  HttpRequest request;
  request.version(11);
  Exchange exchange(stream_, shared_, request, context, false);
  co_await exchange.send(error_response(error, print));
  co_await linger();
}

// Reads away what a refused client still sends, so that closing does not destroy the answer on its way (RFC 9112, 9.6).
asio::awaitable<void> Connection::linger() {
  wait_for_client();
  co_await stream_.end();  // TLS has a last word of its own, without which an answer may have been cut off
  boost::system::error_code ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  stream_.expires_after(std::chrono::seconds(2));
  std::array<char, 16384> waste;
  for (size_t total = 0; total < (size_t{64} << 20);) {
    const size_t size = co_await stream_.read_some(asio::buffer(waste));
    if (size == 0) co_return;
    total += size;
  }
}

void Connection::wait_for_client() { reads_since_ = monotonic_seconds(); }

std::optional<double> Connection::waits_since() const {
  if (reads_since_) return reads_since_;
  const std::optional<double> writes = stream_.writes_since();
  const bool is_slow = writes && monotonic_seconds() - *writes > kSlowSeconds;
  return is_slow ? writes : std::nullopt;
}

void Connection::close_if_idle() {
  if (idle_) close();
}

void Connection::end_answer() {
  if (exchange_) exchange_->end_answer();
}

void Connection::close() {
  boost::system::error_code ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
  stream_.socket().close(ignored);
}

}  // namespace malmoi::serve
