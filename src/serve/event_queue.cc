#include "serve/event_queue.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.h"

namespace malmoi::serve {

namespace asio = boost::asio;

bool EventQueue::push(size_t answer, const chat::TokenEvent& event) {
  if (closed()) return false;
  bool first = false;
  {
    std::lock_guard lock(mutex_);
    if (events_.size() >= kMaxPending) cancel_.request();
    first = events_.empty();
    events_.push_back({answer, monotonic_seconds(), event});
  }
  if (first) asio::post(executor_, [self = shared_from_this()] { self->timer_.cancel(); });
  return !closed();
}

// The wake-up runs on the executor of the waiting coroutine: after the look at events_, it can only come once the wait
// has begun.
asio::awaitable<std::vector<AnswerEvent>> EventQueue::pop() {
  std::vector<AnswerEvent> out;
  while (!closed()) {
    {
      std::lock_guard lock(mutex_);
      out.swap(events_);
    }
    if (!out.empty()) break;
    timer_.expires_after(std::chrono::hours(1));
    co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  co_return out;
}

void EventQueue::close() {
  cancel_.request();
  timer_.cancel();
}

}  // namespace malmoi::serve
