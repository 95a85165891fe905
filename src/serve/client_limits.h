// How much one client may use: requests and tokens of a minute by token buckets, and requests at once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "serve/api_key.h"

namespace malmoi::serve {

/// Since some fixed moment. Whole numbers, so that what a bucket holds is exact.
using Microseconds = int64_t;
/// Now, on a clock that never goes back.
Microseconds monotonic_microseconds();

/// A bucket of as much as a minute allows, full at first and filled evenly (a "token bucket": Turner 1986). It may be drawn below
/// nothing, by answers whose length nobody knew; what follows waits until that is made up for.
class Bucket {
 public:
  /// 0: no limit. Of another limit than before, the same share of it is left.
  void set_limit(int64_t per_minute, Microseconds now);
  int64_t limit() const { return per_minute_; }
  /// Until it holds so many; 0: it does, or there is no limit. `amount` is no more than the limit.
  Microseconds wait_for(int64_t amount, Microseconds now) const;
  void take(int64_t amount, Microseconds now);
  int64_t left(Microseconds now) const;
  /// Until it is full.
  Microseconds until_full(Microseconds now) const;

 private:
  // Levels are in parts of which one request or token has so many: with it, a microsecond fills per_minute_ parts.
  static constexpr int64_t kParts = 60'000'000;

  int64_t capacity() const { return per_minute_ * kParts; }
  int64_t level(Microseconds now) const;
  Microseconds until(int64_t level, Microseconds now) const;

  int64_t per_minute_ = 0;
  int64_t level_ = 0;  // at the moment last_
  Microseconds last_ = 0;
};

/// Why a request is refused for now.
struct OverLimit {
  enum class Kind { kRequests, kTokens, kConcurrency };
  Kind kind = Kind::kRequests;
  int64_t limit = 0;
  int64_t seconds = 1;  // whole ones, after which it will pass; kConcurrency: after which it may
};

/// One thread.
class ClientLimits {
 public:
  explicit ClientLimits(const KeyLimits& limits, Microseconds now) { set(limits, now); }
  /// Limits that were changed while requests run.
  void set(const KeyLimits& limits, Microseconds now);

  /// Begins a request, which end() ends; or says why not, and takes nothing.
  std::optional<OverLimit> begin(Microseconds now);
  void end() { --under_way_; }
  /// Whether there is room for the tokens of a prompt. `tokens` is no more than the limit.
  std::optional<OverLimit> refuse_tokens(int64_t tokens, Microseconds now) const;
  void use_tokens(int64_t tokens, Microseconds now) { tokens_.take(tokens, now); }

  const Bucket& requests() const { return requests_; }
  const Bucket& tokens() const { return tokens_; }

 private:
  KeyLimits limits_;
  Bucket requests_, tokens_;
  int64_t under_way_ = 0;
};

/// A time as OpenAI's x-ratelimit-reset fields have it, rounded up: `120ms`, `7s`, `6m0s`.
std::string reset_text(Microseconds time);

}  // namespace malmoi::serve
