// One client's connection: requests one after the other, each within its limits and its time.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <optional>

#include "base/log.h"
#include "serve/client_stream.h"
#include "serve/exchange.h"
#include "serve/http.h"
#include "serve/request_parser.h"
#include "serve/shared.h"

namespace malmoi::serve {

/// Lives on the server's I/O thread, as long as its coroutine run() and whoever holds it.
class Connection {
 public:
  /// Over TLS where the server has it.
  Connection(tcp::socket socket, Shared& shared) : stream_(std::move(socket), shared.tls), shared_(shared) {}

  asio::awaitable<void> run();
  /// Since when it waits for its client (monotonic seconds): for bytes of it (a header, a body, what a refused one still sends), or,
  /// of one that is slow, for it to take some. None: it does not.
  std::optional<double> waits_since() const;
  /// Closes it if no request has arrived that is not answered yet.
  void close_if_idle();
  /// Ends an answer under way because the server stops; its client is told.
  void end_answer();
  /// Closes it whatever it does.
  void close();

 private:
  asio::awaitable<bool> serve_one();
  asio::awaitable<bool> serve_request(RequestParser& parser, RequestContext& context);
  asio::awaitable<bool> read_body(RequestParser& parser, RequestContext& context);
  asio::awaitable<bool> read(RequestParser& parser, RequestContext* context);
  void count_body(RequestParser& parser, RequestContext& context);
  asio::awaitable<void> answer(Exchange& exchange);
  asio::awaitable<void> answer_error(RequestParser& parser, RequestContext& context);
  void log(const RequestContext& context);
  asio::awaitable<void> linger();
  void wait_for_client();

  ClientStream stream_;
  beast::flat_buffer buffer_;
  Shared& shared_;
  Exchange* exchange_ = nullptr;  // while its request is answered
  bool idle_ = true;
  std::optional<double> reads_since_ = monotonic_seconds();  // none: it waits for no bytes
  bool between_ = false;                                     // nothing of the next request has come
};

}  // namespace malmoi::serve
