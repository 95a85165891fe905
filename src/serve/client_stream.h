// The bytes of one client's connection, as they are or over TLS.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <memory>
#include <optional>
#include <string_view>

#include "serve/http.h"
#include "serve/tls.h"

namespace malmoi::serve {

/// Each wait ends at the time that expires_after() sets, and the connection with it. One reads and one writes at a time.
class ClientStream {
 public:
  /// `tls` null: bytes go as they are.
  ClientStream(tcp::socket socket, TlsContext tls);
  ~ClientStream();
  ClientStream(const ClientStream&) = delete;
  ClientStream& operator=(const ClientStream&) = delete;

  bool is_secure() const { return secure_ != nullptr; }
  /// Of TLS its handshake; must end before anything is read or written. False: the client does not speak it, or left.
  asio::awaitable<bool> begin();
  /// How many bytes came; 0: none will. After end() they are bytes of TLS, which mean nothing any more.
  asio::awaitable<size_t> read_some(asio::mutable_buffer room);
  /// Both texts, whole; false where the client did not take them.
  asio::awaitable<bool> write(std::string_view head, std::string_view body);
  /// When the write began that is under way (monotonic seconds); none: there is none.
  std::optional<double> writes_since() const { return writes_since_; }
  /// Tells a client of TLS that nothing more comes, so that it knows its answer for whole, and waits a second for the same from it.
  /// Nothing more is to be written. Again: nothing happens.
  asio::awaitable<void> end();

  void expires_after(std::chrono::milliseconds time) { stream_.expires_after(time); }
  void expires_never() { stream_.expires_never(); }
  tcp::socket& socket() { return stream_.socket(); }
  asio::any_io_executor get_executor() { return stream_.get_executor(); }
  asio::ip::address peer() const { return peer_; }

 private:
  struct Secure;  // apart: the templates of TLS are compiled once

  beast::tcp_stream stream_;
  std::unique_ptr<Secure> secure_;  // null: plain
  asio::ip::address peer_;
  bool begun_ = false;  // until end()
  std::optional<double> writes_since_;
};

}  // namespace malmoi::serve
