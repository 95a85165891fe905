// One request of a connection and the ways to answer it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <string>

#include "serve/client_stream.h"
#include "serve/client_watch.h"
#include "serve/event_queue.h"
#include "serve/http.h"
#include "serve/request_context.h"
#include "serve/shared.h"

namespace malmoi::serve {

/// Lives on the connection's executor. After a send that failed the connection is lost and everything else fails at once.
class Exchange {
 public:
  /// `print_error`: how the protocol of the request tells failures.
  Exchange(ClientStream& stream, Shared& shared, HttpRequest& request, RequestContext& context, bool keep_alive,
           protocol::PrintError print_error = protocol::print_openai_error);
  ~Exchange() { unwatch(); }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  const HttpRequest& request() const { return request_; }
  /// The request's body, for work that may outlive the request. Its memory counts until drop_body().
  std::string take_body();
  /// Nobody reads the request's body any more: its memory goes to others.
  void drop_body();
  Shared& shared() { return shared_; }
  RequestContext& context() { return context_; }
  bool is_secure() const { return stream_.is_secure(); }
  bool answered() const { return answered_; }
  /// Whether the connection may carry another request.
  bool keep_alive() const { return keep_alive_; }
  /// It may not: the answer ends before it is whole.
  void abandon() { keep_alive_ = false; }

  /// A whole answer.
  asio::awaitable<void> send(HttpResponse response);
  asio::awaitable<void> send_error(const protocol::ApiError& error);
  /// An answer that is made piece by piece: the header, each piece, the end. `nothing`: what its readers pass over; empty: there
  /// is no such thing.
  asio::awaitable<bool> begin_stream(std::string_view content_type, std::string_view nothing);
  asio::awaitable<bool> send_piece(std::string text);
  asio::awaitable<void> end_stream();

  /// Runs `work` on a worker thread and waits for its value.
  template <typename Work>
  auto on_worker(Work work) -> asio::awaitable<decltype(work())> {
    return on(shared_.workers->for_body(body_bytes_), std::move(work));
  }
  /// The same of work that reads files.
  template <typename Work>
  auto on_file_worker(Work work) -> asio::awaitable<decltype(work())> {
    return on(shared_.workers->files, std::move(work));
  }

  /// Closes `queue` within a second of the client's going away, until unwatch(). A client that only sends no more
  /// (shutdown of its writing side) or sends its next request early is not gone.
  void watch(std::shared_ptr<EventQueue> queue);
  void unwatch();
  /// Ends the answer that is watched because the server stops.
  void end_answer();
  /// An executor for queues and timers of this exchange.
  asio::any_io_executor executor() { return stream_.get_executor(); }

 private:
  template <typename Work>
  static auto on(asio::thread_pool& workers, Work work) -> asio::awaitable<decltype(work())> {
    using Value = decltype(work());
    auto task = [](Work w) -> asio::awaitable<Value> { co_return w(); };
    co_return co_await asio::co_spawn(workers, task(std::move(work)), asio::use_awaitable);
  }
  void finish_header(http::fields& header);
  asio::awaitable<bool> write(std::string_view head, std::string_view body, double seconds);
  void look_later();
  void look();
  void probe();

  void count_response(int status);

  ClientStream& stream_;
  Shared& shared_;
  HttpRequest& request_;
  const size_t body_bytes_;  // as it came
  RequestContext& context_;
  protocol::PrintError print_error_;
  bool keep_alive_, answered_ = false, chunked_ = true;
  bool writing_ = false;  // a write is under way: nothing else may be sent
  bool wrote_ = false;    // something was sent since the last look
  int looks_to_probe_ = 0;
  std::string nothing_;  // of the stream that was begun
  StatusLineProbe status_line_;
  asio::steady_timer timer_;
  std::shared_ptr<EventQueue> queue_;  // that is watched
  std::shared_ptr<bool> watching_;     // shared with the handler of the timer, which may outlive this
};

}  // namespace malmoi::serve
