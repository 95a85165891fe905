#include "serve/client_stream.h"

#include <array>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "base/log.h"

namespace malmoi::serve {
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::seconds kLastWords{1};  // for a client to take the end of TLS

}  // namespace

struct ClientStream::Secure {
  Secure(beast::tcp_stream& below, TlsContext tls) : context(std::move(tls)), stream(below, *context) {}
  TlsContext context;
  asio::ssl::stream<beast::tcp_stream&> stream;
};

ClientStream::ClientStream(tcp::socket socket, TlsContext tls) : stream_(std::move(socket)) {
  boost::system::error_code error;
  const tcp::endpoint endpoint = stream_.socket().remote_endpoint(error);
  if (!error) peer_ = endpoint.address();
  if (tls) secure_ = std::make_unique<Secure>(stream_, std::move(tls));
}

ClientStream::~ClientStream() = default;

asio::awaitable<bool> ClientStream::begin() {
  if (secure_) {
    auto [error] = co_await secure_->stream.async_handshake(asio::ssl::stream_base::server, kAwait);
    if (error) co_return false;
  }
  begun_ = true;
  co_return true;
}

asio::awaitable<size_t> ClientStream::read_some(asio::mutable_buffer room) {
  if (secure_ && begun_) {
    auto [error, size] = co_await secure_->stream.async_read_some(room, kAwait);
    co_return error ? 0 : size;
  }
  auto [error, size] = co_await stream_.async_read_some(room, kAwait);
  co_return error ? 0 : size;
}

asio::awaitable<bool> ClientStream::write(std::string_view head, std::string_view body) {
  const std::array<asio::const_buffer, 2> buffers{asio::buffer(head.data(), head.size()),
                                                  asio::buffer(body.data(), body.size())};
  writes_since_ = monotonic_seconds();
  boost::system::error_code failed;
  if (secure_) {
    auto [error, size] = co_await asio::async_write(secure_->stream, buffers, kAwait);
    failed = error;
  } else {
    auto [error, size] = co_await asio::async_write(stream_, buffers, kAwait);
    failed = error;
  }
  writes_since_.reset();
  co_return !failed;
}

asio::awaitable<void> ClientStream::end() {
  if (!secure_ || !std::exchange(begun_, false) || !stream_.socket().is_open()) co_return;
  stream_.expires_after(kLastWords);
  co_await secure_->stream.async_shutdown(kAwait);
}

}  // namespace malmoi::serve
