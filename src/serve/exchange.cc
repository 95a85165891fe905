#include "serve/exchange.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/write.hpp>

namespace malmoi::serve {
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}

}  // namespace

void Exchange::finish_header(http::fields& header) {
  header.set(http::field::server, "malmoi");
  header.set("X-Content-Type-Options", "nosniff");
  header.set("Referrer-Policy", "no-referrer");
  shared_.access.allow_origin(request_, header);
  if (shared_.stopping) keep_alive_ = false;
}

asio::awaitable<void> Exchange::send(HttpResponse response) {
  answered_ = true;
  finish_header(response);
  response.version(request_.version());
  response.keep_alive(keep_alive_);
  bool has_body = response.result() != http::status::no_content && response.result() != http::status::not_modified;
  if (has_body) response.content_length(response.body().size());
  if (request_.method() == http::verb::head) response.body().clear();
  shared_.metrics.count_response(static_cast<int>(response.result_int()));
  stream_.expires_after(
      milliseconds(shared_.options.write_seconds + static_cast<double>(response.body().size()) / 1e5));
  http::response_serializer<http::string_body> serializer(response);
  // HEAD tells the length of a body that is not sent.
  if (request_.method() == http::verb::head) {
    auto [error, size] = co_await http::async_write_header(stream_, serializer, kAwait);
    if (error) keep_alive_ = false;
    co_return;
  }
  auto [error, size] = co_await http::async_write(stream_, serializer, kAwait);
  if (error) keep_alive_ = false;
}

asio::awaitable<bool> Exchange::begin_events() {
  answered_ = true;
  http::response<http::empty_body> response(http::status::ok, request_.version());
  response.set(http::field::content_type, "text/event-stream; charset=utf-8");
  response.set(http::field::cache_control, "no-store");
  response.set("X-Accel-Buffering", "no");  // proxies must not hold the pieces back
  chunked_ = request_.version() >= 11;
  if (!chunked_) keep_alive_ = false;
  finish_header(response);
  response.keep_alive(keep_alive_);
  response.chunked(chunked_);
  shared_.metrics.count_response(200);
  stream_.expires_after(milliseconds(shared_.options.write_seconds));
  http::response_serializer<http::empty_body> serializer(response);
  auto [error, size] = co_await http::async_write_header(stream_, serializer, kAwait);
  if (error) keep_alive_ = false;
  co_return !error;
}

asio::awaitable<bool> Exchange::send_events(std::string text) {
  if (text.empty()) co_return true;
  stream_.expires_after(milliseconds(shared_.options.write_seconds));
  boost::system::error_code error;
  if (chunked_) {
    std::tie(error, std::ignore) = co_await asio::async_write(stream_, http::make_chunk(asio::buffer(text)), kAwait);
  } else {
    std::tie(error, std::ignore) = co_await asio::async_write(stream_, asio::buffer(text), kAwait);
  }
  if (error) keep_alive_ = false;
  co_return !error;
}

asio::awaitable<void> Exchange::end_events() {
  if (!chunked_) co_return;
  stream_.expires_after(milliseconds(shared_.options.write_seconds));
  auto [error, size] = co_await asio::async_write(stream_, http::make_chunk_last(), kAwait);
  if (error) keep_alive_ = false;
}

// Readable while we answer means: gone (nothing to read), or a next request sent early, which waits its turn. The handler
// may still stand in the queue when the connection has ended; `watching_` tells it.
void Exchange::watch(std::shared_ptr<EventQueue> queue) {
  watching_ = std::make_shared<bool>(true);
  stream_.socket().async_wait(tcp::socket::wait_read, [queue, watching = watching_,
                                                       &socket = stream_.socket()](boost::system::error_code error) {
    if (!*watching || error == asio::error::operation_aborted) return;
    char byte = 0;
    size_t size = error ? 0 : socket.receive(asio::buffer(&byte, 1), tcp::socket::message_peek, error);
    if (error || size == 0) queue->close();
  });
}

void Exchange::unwatch() {
  if (!watching_) return;
  *watching_ = false;
  watching_.reset();
  boost::system::error_code ignored;
  stream_.socket().cancel(ignored);
}

}  // namespace malmoi::serve
