// One client's connection: requests one after the other, each within its limits and its time.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>

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
  /// Closes it if no request is being read or answered.
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
};

}  // namespace malmoi::serve
