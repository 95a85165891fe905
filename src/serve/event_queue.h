// From a provider's thread to a connection: the events of one request's answers.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <mutex>
#include <vector>

#include "base/job.h"
#include "chat/generation.h"

namespace malmoi::serve {

struct AnswerEvent {
  size_t answer = 0;
  double time = 0;  // monotonic seconds
  chat::TokenEvent event;
};

/// One producer thread, one consuming coroutine. When the client is gone, or so slow that events pile up, the stop is
/// requested that ends the work of the provider.
class EventQueue : public std::enable_shared_from_this<EventQueue> {
 public:
  explicit EventQueue(boost::asio::any_io_executor executor) : executor_(executor), timer_(executor) {}

  /// On the provider's thread. Returns false if nobody listens any more.
  bool push(size_t answer, const chat::TokenEvent& event);
  /// Waits for events; none come back once the client is gone.
  boost::asio::awaitable<std::vector<AnswerEvent>> pop();
  /// On the connection's executor: the client is gone or wants no more.
  void close();
  bool closed() const { return cancel_.token().requested(); }
  /// For chat::GenerationRequest::cancel.
  StopToken cancel_token() const { return cancel_.token(); }

 private:
  static constexpr size_t kMaxPending = 16384;
  boost::asio::any_io_executor executor_;
  boost::asio::steady_timer timer_;  // used on the executor alone; its end wakes pop()
  StopSource cancel_;
  std::mutex mutex_;
  std::vector<AnswerEvent> events_;  // guarded by mutex_
};

}  // namespace malmoi::serve
