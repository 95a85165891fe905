// One client's connection: requests one after the other, each within its limits and its time.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include "base/log.h"
#include "serve/exchange.h"
#include "serve/http.h"
#include "serve/request_parser.h"
#include "serve/shared.h"

namespace malmoi::serve {

/// Lives on the server's I/O thread, as long as its coroutine run() and whoever holds it.
class Connection {
 public:
  Connection(tcp::socket socket, Shared& shared) : stream_(std::move(socket)), shared_(shared) {}

  asio::awaitable<void> run();
  /// Whether no request has arrived that is not answered yet, and since when (monotonic seconds).
  bool idle() const { return idle_; }
  double idle_since() const { return idle_since_; }
  /// Closes it if it is.
  void close_if_idle();
  /// Ends an answer under way because the server stops; its client is told.
  void end_answer();
  /// Closes it whatever it does.
  void close();

 private:
  asio::awaitable<bool> serve_one();
  asio::awaitable<bool> read(RequestParser& parser);
  asio::awaitable<void> answer(Exchange& exchange);
  asio::awaitable<void> answer_error(protocol::ApiError error);
  asio::awaitable<void> linger();

  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  Shared& shared_;
  Exchange* exchange_ = nullptr;  // while its request is answered
  bool idle_ = true;
  double idle_since_ = monotonic_seconds();
  bool between_ = false;  // nothing of the next request has come
};

}  // namespace malmoi::serve
