// From a provider's thread to a connection: the events of one request's answers.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "base/job.h"
#include "chat/generation.h"

namespace malmoi::serve {

struct AnswerEvent {
  size_t answer = 0;
  double time = 0;  // monotonic seconds
  chat::TokenEvent event;
};

/// Why a queue gives no more events before its answers are whole.
enum class EarlyEnd { kNone, kClientGone, kClientSlow, kServerStopping };

/// One producer thread, one consuming coroutine. Whatever ends it early requests the stop that ends the work of the provider.
class EventQueue : public std::enable_shared_from_this<EventQueue> {
 public:
  explicit EventQueue(boost::asio::any_io_executor executor) : executor_(executor), timer_(executor) {}

  /// On the provider's thread. Returns false if nobody listens any more, to this answer or to all. Where the client reads so
  /// slowly that events pile up, the queue ends.
  bool push(size_t answer, const chat::TokenEvent& event);
  /// Waits for events; none come back once the queue has ended.
  boost::asio::awaitable<std::vector<AnswerEvent>> pop();
  /// Nobody listens to this answer any more: it is whole, whatever the provider would still add. The others go on.
  void end_answer(size_t answer);
  /// On the connection's executor: the first reason stays.
  void close(EarlyEnd why = EarlyEnd::kClientGone);
  bool closed() const { return end_ != EarlyEnd::kNone; }
  EarlyEnd end() const { return end_; }
  /// For chat::GenerationRequest::cancel.
  StopToken cancel_token() const { return cancel_.token(); }

 private:
  void end_for(EarlyEnd why);

  boost::asio::any_io_executor executor_;
  boost::asio::steady_timer timer_;  // used on the executor alone; its end wakes pop()
  StopSource cancel_;
  std::atomic<EarlyEnd> end_{EarlyEnd::kNone};
  std::mutex mutex_;
  std::vector<AnswerEvent> events_;  // guarded by mutex_
  size_t bytes_ = 0;                 // that they hold; guarded by mutex_
  std::set<size_t> ended_;           // answers; guarded by mutex_
};

/// Ends a queue with its scope, so that an answer that fails on its way out does not leave the provider at work.
class QueueGuard {
 public:
  explicit QueueGuard(std::shared_ptr<EventQueue> queue) : queue_(std::move(queue)) {}
  ~QueueGuard() { queue_->close(); }
  QueueGuard(const QueueGuard&) = delete;
  QueueGuard& operator=(const QueueGuard&) = delete;

 private:
  std::shared_ptr<EventQueue> queue_;
};

}  // namespace malmoi::serve
