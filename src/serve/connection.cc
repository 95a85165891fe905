#include "serve/connection.h"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

#include "base/log.h"
#include "serve/exchange.h"
#include "serve/routes.h"

namespace malmoi::serve {
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}

// What to tell a client whose request could not be read; nothing where it went away, or was too slow (the connection is
// closed already).
std::optional<protocol::ApiError> read_error(boost::system::error_code error, const ServerOptions& options) {
  if (error == http::error::header_limit)
    return protocol::ApiError{.status = 431,
                              .message = fmt::format("the header is larger than {} bytes", options.max_header_bytes),
                              .code = "header_too_large"};
  if (error == http::error::body_limit)
    return protocol::ApiError{
        .status = 413,
        .message =
            fmt::format("the body is larger than {} bytes; send less, or start the server with a larger --max-body",
                        options.max_body_bytes),
        .code = "body_too_large"};
  if (error.category() == make_error_code(http::error::end_of_stream).category() &&
      error != http::error::end_of_stream && error != http::error::partial_message)
    return protocol::ApiError{.message = "this is not an HTTP request: " + error.message(),
                              .code = "malformed_request"};
  return {};
}

}  // namespace

asio::awaitable<void> Connection::run() {
  stream_.expires_after(milliseconds(shared_.options.header_seconds));
  while (!shared_.stopping) {
    bool another = co_await serve_one();  // not in the condition above: GCC 12 makes a trap of it
    if (!another) break;
    idle_ = true;
    stream_.expires_after(milliseconds(shared_.options.idle_seconds));
  }
  close();
}

// One request and its answer; returns whether another may follow.
asio::awaitable<bool> Connection::serve_one() {
  http::request_parser<http::string_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(shared_.options.max_header_bytes));
  parser.body_limit(shared_.options.max_body_bytes);
  auto [header_error, header_size] = co_await http::async_read_header(stream_, buffer_, parser, kAwait);
  idle_ = false;
  if (header_error) {
    if (auto told = read_error(header_error, shared_.options)) co_await answer_error(*told);
    co_return false;
  }
  bool has_body = !parser.is_done();
  if (auto refusal = refuse(shared_, parser.get())) {
    Exchange exchange(stream_, shared_, parser.get(), parser.keep_alive() && !has_body);
    co_await exchange.send(std::move(*refusal));
    if (has_body) co_await linger();
    co_return exchange.keep_alive();
  }
  if (has_body && beast::iequals(parser.get()[http::field::expect], "100-continue")) {
    http::response<http::empty_body> go_on(http::status::continue_, 11);
    auto [error, size] = co_await http::async_write(stream_, go_on, kAwait);
    if (error) co_return false;
  }
  stream_.expires_after(milliseconds(shared_.options.body_seconds));
  auto [body_error, body_size] = co_await http::async_read(stream_, buffer_, parser, kAwait);
  if (body_error) {
    if (auto told = read_error(body_error, shared_.options)) co_await answer_error(*told);
    co_return false;
  }
  stream_.expires_never();
  Exchange exchange(stream_, shared_, parser.get(), parser.keep_alive());
  std::string failure;
  try {
    co_await handle_request(exchange);
  } catch (const std::exception& error) {
    failure = error.what();
  }
  if (!failure.empty()) {
    log_warning("a request failed: " + failure);
    if (exchange.answered()) co_return false;
    co_await exchange.send(error_response(
        {.status = 500, .message = "the server failed: " + failure + "; please report this", .type = "server_error"}));
  }
  co_return exchange.keep_alive();
}

asio::awaitable<void> Connection::answer_error(protocol::ApiError error) {
  HttpRequest request;
  request.version(11);
  Exchange exchange(stream_, shared_, request, false);
  co_await exchange.send(error_response(error));
  co_await linger();
}

// Reads away what a refused client still sends, so that closing does not destroy the answer on its way (RFC 9112, 9.6).
asio::awaitable<void> Connection::linger() {
  boost::system::error_code ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  stream_.expires_after(std::chrono::seconds(2));
  std::array<char, 16384> waste;
  for (size_t total = 0; total < (size_t{64} << 20);) {
    auto [error, size] = co_await stream_.async_read_some(asio::buffer(waste), kAwait);
    if (error) co_return;
    total += size;
  }
}

void Connection::close_if_idle() {
  if (idle_) close();
}

void Connection::close() {
  boost::system::error_code ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
  stream_.socket().close(ignored);
}

}  // namespace malmoi::serve
