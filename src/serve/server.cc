#include "serve/server.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <optional>
#include <set>
#include <thread>

#include "base/log.h"
#include "serve/connection.h"

namespace malmoi::serve {
namespace {

// When the server stops, in seconds: for the provider to end what it was told to, and for clients to take what is left.
constexpr double kLastStep = 0.5;
constexpr double kLastWrites = 2;
// Connections that say nothing any more are noticed within half a minute, though no answer is sent to them.
constexpr int kSecondsToFirstProbe = 15, kSecondsBetweenProbes = 5, kProbes = 3;

void keep_alive(tcp::socket& socket) {
  boost::system::error_code ignored;
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  auto set = [&](int option, int value) {
    ::setsockopt(socket.native_handle(), IPPROTO_TCP, option, &value, sizeof value);
  };
  set(TCP_KEEPIDLE, kSecondsToFirstProbe);
  set(TCP_KEEPINTVL, kSecondsBetweenProbes);
  set(TCP_KEEPCNT, kProbes);
}

Error listen_error(boost::system::error_code error, const ServerOptions& options) {
  std::string where = options.host + ":" + std::to_string(options.port);
  if (error == asio::error::address_in_use)
    return {ErrorCode::kIo, "the port is in use", where,
            "stop the program that listens there, or choose another with --port (0: any free one)"};
  if (error == asio::error::access_denied)
    return {ErrorCode::kIo, "this port needs the rights of root", where, "choose a --port from 1024 on"};
  return {ErrorCode::kIo, "cannot listen: " + error.message(), where,
          "check --host: an address of this machine, or 0.0.0.0 for all"};
}

}  // namespace

struct Server::Impl {
  explicit Impl(const ServerOptions& options) : shared(options), acceptor(io) {}

  Status open_files();
  Status listen();
  asio::awaitable<void> accept_loop();
  asio::awaitable<void> serve_connection(tcp::socket socket);
  bool make_room();
  std::thread drain(double seconds);
  bool wait_for(double seconds, const std::function<bool()>& done);

  Shared shared;
  asio::io_context io{1};  // one thread: every coroutine of a connection runs there, one at a time
  tcp::acceptor acceptor;
  std::set<std::shared_ptr<Connection>> connections;  // on the I/O thread alone
  std::atomic<size_t> open{0};
  std::atomic<bool> drained{false};
  std::thread thread;
  uint16_t port = 0;
  bool stopped = false;
};

// What is read and written beside the socket.
Status Server::Impl::open_files() {
  const ServerOptions& options = shared.options;
  if (!options.tls_certificate.empty()) {
    MALMOI_ASSIGN(shared.tls, load_tls(options.tls_certificate, options.tls_key));
  }
  if (!options.access_log.empty()) {
    MALMOI_ASSIGN(shared.access_log,
                  AccessLog::open(
                      options.access_log, [this] { shared.metrics.count_dropped_log_line(); }, options.warn));
  }
  return {};
}

Status Server::Impl::listen() {
  const ServerOptions& options = shared.options;
  boost::system::error_code error;
  tcp::resolver resolver(io);
  auto found = resolver.resolve(options.host, std::to_string(options.port), tcp::resolver::passive, error);
  if (error || found.empty()) return listen_error(error, options);
  tcp::endpoint endpoint = found.begin()->endpoint();
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (!error) port = acceptor.local_endpoint(error).port();
  if (error) return listen_error(error, options);
  return {};
}

asio::awaitable<void> Server::Impl::accept_loop() {
  while (!shared.stopping) {
    auto [error, socket] = co_await acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
    if (error == asio::error::operation_aborted) co_return;
    if (error) {  // out of descriptors, most likely: wait for some to come free
      asio::steady_timer pause(io, std::chrono::milliseconds(100));
      co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
      continue;
    }
    if (open >= static_cast<size_t>(shared.options.max_connections) && !make_room()) continue;  // closed at once
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    socket.set_option(asio::socket_base::send_buffer_size(shared.options.send_buffer_bytes), ignored);
    keep_alive(socket);
    asio::co_spawn(io, serve_connection(std::move(socket)), asio::detached);
  }
}

// Closes the connection that has waited longest for its client, so that callers who say nothing, or a header or a body a byte at
// a time, or read nothing, do not keep others out. Whether there was one.
bool Server::Impl::make_room() {
  std::shared_ptr<Connection> longest;
  double longest_since = 0;
  for (const auto& connection : connections) {
    const std::optional<double> since = connection->waits_since();
    if (!since || (longest && *since >= longest_since)) continue;
    longest = connection;
    longest_since = *since;
  }
  if (!longest) return false;
  longest->close();
  connections.erase(longest);
  return true;
}

asio::awaitable<void> Server::Impl::serve_connection(tcp::socket socket) {
  auto connection = std::make_shared<Connection>(std::move(socket), shared);
  connections.insert(connection);
  ++open;
  try {
    co_await connection->run();
  } catch (const std::exception& error) {
    shared.options.warn(std::string("a connection failed: ") + error.what());
  }
  connections.erase(connection);
  --open;
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options) {
  auto impl = std::make_unique<Impl>(options);
  MALMOI_TRY(impl->open_files());
  MALMOI_TRY(impl->listen());
  asio::co_spawn(impl->io, impl->accept_loop(), asio::detached);
  impl->thread = std::thread([&io = impl->io] { io.run(); });
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::~Server() { stop(0); }

void Server::serve(chat::Provider& provider) { impl_->shared.provider = &provider; }

void Server::set_keys(std::vector<ApiKey> keys) {
  asio::post(impl_->io, [this, keys = std::move(keys)] { impl_->shared.access.set_keys(keys); });
}

Status Server::reload_tls() {
  const ServerOptions& options = impl_->shared.options;
  MALMOI_ASSIGN(TlsContext tls, load_tls(options.tls_certificate, options.tls_key));
  asio::post(impl_->io, [this, tls = std::move(tls)] { impl_->shared.tls = tls; });
  return {};
}

uint16_t Server::port() const { return impl_->port; }

bool Server::Impl::wait_for(double seconds, const std::function<bool()>& done) {
  double deadline = monotonic_seconds() + seconds;
  while (!done() && monotonic_seconds() < deadline) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  return done();
}

// Lets the provider finish, and documents be read; answers that do not end in time, because a step of a large model takes long, are
// ended here.
// Then nothing of the server waits for it but the thread that is returned.
std::thread Server::Impl::drain(double seconds) {
  chat::Provider* provider = shared.provider;
  if (!provider) return {};
  std::thread draining([this, provider, seconds] {
    provider->drain(seconds);
    drained = true;
  });
  if (!wait_for(seconds + kLastStep, [this] { return drained && shared.documents.size() == 0; })) {
    asio::post(io, [this] {
      for (const auto& connection : connections) connection->end_answer();
    });
  }
  return draining;
}

void Server::stop(double seconds) {
  Impl& impl = *impl_;
  if (std::exchange(impl.stopped, true)) return;
  impl.shared.stopping = true;
  asio::post(impl.io, [&impl] {
    boost::system::error_code ignored;
    impl.acceptor.close(ignored);
    for (const auto& connection : impl.connections) connection->close_if_idle();
  });
  std::thread draining = impl.drain(seconds);
  auto all_closed = [&impl] { return impl.open == 0; };
  impl.wait_for(seconds > 0 ? kLastWrites : 0.2, all_closed);
  asio::post(impl.io, [&impl] {
    for (const auto& connection : impl.connections) {
      connection->end_answer();  // which may wait for the model rather than for its client
      connection->close();
    }
  });
  impl.wait_for(0.5, all_closed);
  impl.io.stop();
  impl.thread.join();
  Shared::Workers& workers = *impl.shared.workers;
  for (asio::thread_pool* pool : {&workers.small, &workers.large, &workers.slow, &workers.files, &workers.documents})
    pool->stop();
  impl.shared.workers.reset();  // waits for what runs there
  impl.shared.slow_calls.clear();
  impl.shared.documents.clear();
  if (draining.joinable()) draining.join();
}

}  // namespace malmoi::serve
