#include "serve/event_queue.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.h"

namespace malmoi::serve {

namespace asio = boost::asio;

namespace {

// That events of one request may hold while its client takes an earlier piece: some ten thousand tokens, or fewer with many
// alternatives each.
constexpr size_t kMaxPendingBytes = 8 << 20;

size_t bytes_of(const chat::TokenEvent& event) {
  return sizeof(AnswerEvent) + event.text.size() + event.bytes.size() + event.top.size() * sizeof(chat::TokenReport);
}

}  // namespace

bool EventQueue::push(size_t answer, const chat::TokenEvent& event) {
  if (closed()) return false;
  bool wake = false;
  {
    std::lock_guard lock(mutex_);
    if (ended_.contains(answer)) return false;
    wake = events_.empty();
    bytes_ += bytes_of(event);
    if (bytes_ > kMaxPendingBytes) end_for(EarlyEnd::kClientSlow);
    else events_.push_back({answer, monotonic_seconds(), event});
  }
  if (wake) asio::post(executor_, [self = shared_from_this()] { self->timer_.cancel(); });
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
      bytes_ = 0;
    }
    if (!out.empty()) break;
    timer_.expires_after(std::chrono::hours(1));
    co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  co_return out;
}

void EventQueue::end_answer(size_t answer) {
  std::lock_guard lock(mutex_);
  ended_.insert(answer);
}

void EventQueue::close(EarlyEnd why) {
  end_for(why);
  timer_.cancel();
}

void EventQueue::end_for(EarlyEnd why) {
  EarlyEnd none = EarlyEnd::kNone;
  end_.compare_exchange_strong(none, why);
  cancel_.request();
}

}  // namespace malmoi::serve
