#include "serve/turn.h"

#include <boost/asio/post.hpp>
#include <exception>
#include <memory>
#include <mutex>
#include <utility>

#include "serve/answers.h"

namespace malmoi::serve {
namespace {

using TurnWork = std::function<protocol::Reply()>;

// Where a worker puts what its work says, or throws.
class Outcome {
 public:
  void run(const TurnWork& work) {
    std::optional<protocol::Reply> reply;
    std::exception_ptr thrown;
    try {
      reply = work();
    } catch (...) {
      thrown = std::current_exception();
    }
    std::lock_guard lock(mutex_);
    reply_ = std::move(reply);
    thrown_ = std::move(thrown);
  }
  // Nothing: it has not ended.
  std::optional<protocol::Reply> take() {
    std::lock_guard lock(mutex_);
    if (thrown_) std::rethrow_exception(thrown_);
    return std::exchange(reply_, std::nullopt);
  }

 private:
  std::mutex mutex_;
  std::optional<protocol::Reply> reply_;  // guarded by mutex_, as below
  std::exception_ptr thrown_;
};

FairQueue::Work make_work(const std::shared_ptr<Outcome>& outcome, const std::shared_ptr<EventQueue>& queue,
                          TurnWork work) {
  return {.run = [outcome, work = std::move(work)] { outcome->run(work); }, .done = [queue] { queue->push(0, {}); }};
}

// Work that waits for as long as this lives.
class WaitingTurn {
 public:
  WaitingTurn(FairQueue& turns, asio::thread_pool& workers, uint64_t client, FairQueue::Work work)
      : turns_(turns), client_(client), number_(turns_.add(client, std::move(work))) {
    asio::post(workers, [&queue = turns_] { queue.run_next(); });  // whoever's turn it is then
  }
  ~WaitingTurn() { turns_.drop(client_, number_); }
  WaitingTurn(const WaitingTurn&) = delete;
  WaitingTurn& operator=(const WaitingTurn&) = delete;

 private:
  FairQueue& turns_;
  uint64_t client_, number_;
};

}  // namespace

asio::awaitable<std::optional<protocol::Reply>> in_turn(Exchange& exchange, FairQueue& turns,
                                                        asio::thread_pool& workers, TurnWork work) {
  auto outcome = std::make_shared<Outcome>();
  auto queue = std::make_shared<EventQueue>(exchange.executor());
  const QueueGuard guard(queue);  // nobody listens after this function
  const WaitingTurn turn(turns, workers, exchange.context().caller.client, make_work(outcome, queue, std::move(work)));
  exchange.watch(queue);
  co_await queue->pop();
  exchange.unwatch();
  std::optional<protocol::Reply> reply = outcome->take();
  if (!reply && queue->end() == EarlyEnd::kServerStopping) reply = server_stopping();
  if (!reply) exchange.abandon();
  co_return reply;
}

}  // namespace malmoi::serve
