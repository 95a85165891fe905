#include "serve/run_events.h"

#include <boost/asio/as_tuple.hpp>
#include <memory>
#include <utility>

#include "serve/run_calls.h"
#include "serve/runs.h"

namespace malmoi::serve {
namespace {

using protocol::ApiError;

constexpr std::chrono::milliseconds kFileLookInterval{300};  // at the run's files
constexpr std::string_view kEventStream = "text/event-stream; charset=utf-8";
constexpr std::string_view kComment = ":\n\n";

// One place among the followers, as long as it lives.
class Place {
 public:
  explicit Place(std::atomic<int>& taken) : taken_(taken) { ++taken_; }
  ~Place() { --taken_; }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  bool is_there() const { return taken_ <= kMostFollowers; }

 private:
  std::atomic<int>& taken_;
};

// An end of the watch with its scope, also where the answer fails on its way out.
class Watched {
 public:
  Watched(Exchange& exchange, std::shared_ptr<EventQueue> queue) : exchange_(exchange) {
    exchange_.watch(std::move(queue));
  }
  ~Watched() { exchange_.unwatch(); }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

 private:
  Exchange& exchange_;
};

std::string print_events(const std::vector<RunEvent>& events) {
  std::string text;
  for (const RunEvent& event : events) text += "event: " + event.name + "\ndata: " + dump_json(event.json) + "\n\n";
  return text;
}

ApiError too_many_followers() {
  return {.status = 429,
          .message = "as many clients follow runs as this server lets; close a page that does, or ask again soon",
          .type = "rate_limit_error",
          .code = "too_many_followers"};
}

struct Following {
  std::shared_ptr<RunFollower> follower;  // null: `error` says why
  ApiError error;
};

Following begin_following(Runs* runs, const HttpRequest& request) {
  Following following;
  int64_t after = -1;
  if (!runs) {
    following.error = nothing_shown("--runs");
  } else if (auto error = read_after(request, after)) {
    following.error = *std::move(error);
  } else {
    following.follower = runs->follow(named_in(request, "/runs/", "/events"), after, following.error);
  }
  return following;
}

// Events until the run ends. Nobody is told that the server stops: the stream ends, and who wants more asks again.
asio::awaitable<void> send_events(Exchange& exchange, RunFollower& follower) {
  // Only its end is of use here: it closes when the client goes away, or the server ends its answers.
  auto queue = std::make_shared<EventQueue>(exchange.executor());
  const Watched watched(exchange, queue);
  bool sent = co_await exchange.begin_stream(kEventStream, kComment);
  asio::steady_timer pause(exchange.executor());
  while (sent && !queue->closed() && !exchange.shared().stopping) {
    std::string text = co_await exchange.on_file_worker([&follower] { return print_events(follower.next()); });
    const bool more = !text.empty();
    sent = co_await exchange.send_piece(std::move(text));
    if (!sent || follower.ended()) break;
    if (more) continue;  // a long file comes in pieces
    pause.expires_after(kFileLookInterval);
    co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  if (sent && !queue->closed()) co_await exchange.end_stream();
  else exchange.abandon();
}

}  // namespace

asio::awaitable<void> follow_run(Exchange& exchange) {
  const Place place(exchange.shared().run_followers);
  if (!place.is_there()) {
    const ApiError error = too_many_followers();
    co_await exchange.send_error(error);
    co_return;
  }
  Runs* runs = exchange.shared().options.runs.get();
  const HttpRequest& request = exchange.request();
  const Following following =
      co_await exchange.on_file_worker([runs, &request] { return begin_following(runs, request); });
  if (!following.follower) {
    co_await exchange.send_error(following.error);
    co_return;
  }
  if (request.method() == http::verb::head) {
    HttpResponse response = text_response(http::status::ok, kEventStream, "");
    co_await exchange.send(std::move(response));
    co_return;
  }
  co_await send_events(exchange, *following.follower);
}

}  // namespace malmoi::serve
