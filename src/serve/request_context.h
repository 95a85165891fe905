// What is known of a request beside its bytes: who sent it, by which names it is followed, what it has used, what came of it.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <optional>
#include <string>

#include "base/json.h"
#include "chat/generation.h"
#include "protocol/text_protocol.h"
#include "serve/caller.h"
#include "serve/http.h"
#include "serve/places.h"
#include "serve/trace.h"

namespace malmoi::serve {

/// What logs of other servers have where the client left before it was answered.
inline constexpr int kClientClosedRequest = 499;

/// From a request's header to the end of its answer, on the connection's executor.
class RequestContext {
 public:
  explicit RequestContext(const asio::ip::address& peer) : caller(caller_at(peer)), peer_(peer) {}
  ~RequestContext();
  RequestContext(const RequestContext&) = delete;
  RequestContext& operator=(const RequestContext&) = delete;

  /// The header is there: names and clocks begin.
  void begin(const HttpRequest& request);
  const asio::ip::address& peer() const { return peer_; }
  double began() const { return began_; }

  /// Counts the request to its caller's limits, until its end; or says why it must wait.
  std::optional<OverLimit> begin_limits();
  /// Whether so many tokens of a prompt may be read for the caller now. They are paid for at once.
  std::optional<OverLimit> pay_for_prompt(int64_t tokens);
  /// Tokens that were used beyond what was paid for.
  void use_tokens(int64_t tokens);

  /// Adds the fields that every answer carries for its client to follow it and to see its limits.
  void add_fields(http::fields& header) const;
  /// A line of the access log.
  Json log_entry() const;

  Caller caller;
  std::string id;              // X-Request-Id
  std::optional<Trace> trace;  // none: the client told of none
  std::string model;           // that answers; empty: none
  std::string body;            // with --log-prompts
  std::optional<PlacesHeld>
      body_bytes;  // that the request's body has (serve/body_budget.h); none: it is small, or gone
  chat::Usage usage;
  double first_token_seconds = 0;  // since the beginning; 0: there was none
  int status = 0;                  // of HTTP; 0: the client was gone before it was told one
  uint64_t bytes = 0;              // of the answer that were sent

 private:
  asio::ip::address peer_;
  std::string method_, path_;
  std::chrono::system_clock::time_point time_ = std::chrono::system_clock::now();
  double began_ = 0;
  bool limited_ = false;  // counted among those under way
};

/// Counts what one generation uses while it is told: for the log, and off the limits of its caller. A request may have several.
class UsageMeter {
 public:
  /// `start`: monotonic seconds that Told's times count from.
  UsageMeter(RequestContext& context, double start, int64_t paid_prompt)
      : context_(&context), start_(start), paid_prompt_(paid_prompt) {}
  void count(const protocol::Told& told);

 private:
  RequestContext* context_;
  double start_;
  int64_t paid_prompt_;
  chat::Usage counted_;
};

}  // namespace malmoi::serve
