#include "serve/client_limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace malmoi::serve {
namespace {

constexpr Microseconds kSecond = 1'000'000;

int64_t divide_up(int64_t amount, int64_t by) { return (amount + by - 1) / by; }

}  // namespace

Microseconds monotonic_microseconds() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void Bucket::set_limit(int64_t per_minute, Microseconds now) {
  const double share = per_minute_ > 0 ? static_cast<double>(level(now)) / static_cast<double>(capacity()) : 1;
  per_minute_ = per_minute;
  last_ = now;
  level_ = share == 1 ? capacity() : static_cast<int64_t>(share * static_cast<double>(capacity()));
}

int64_t Bucket::level(Microseconds now) const {
  const Microseconds passed = now - last_, to_full = divide_up(capacity() - level_, std::max<int64_t>(per_minute_, 1));
  return passed >= to_full ? capacity() : level_ + passed * per_minute_;  // the product is below the capacity
}

Microseconds Bucket::until(int64_t wanted, Microseconds now) const {
  if (per_minute_ == 0) return 0;
  return divide_up(std::max<int64_t>(wanted - level(now), 0), per_minute_);
}

Microseconds Bucket::wait_for(int64_t amount, Microseconds now) const { return until(amount * kParts, now); }

Microseconds Bucket::until_full(Microseconds now) const { return until(capacity(), now); }

void Bucket::take(int64_t amount, Microseconds now) {
  if (per_minute_ == 0) return;
  level_ = level(now) - amount * kParts;
  last_ = now;
}

int64_t Bucket::left(Microseconds now) const { return std::max<int64_t>(level(now), 0) / kParts; }

void ClientLimits::set(const KeyLimits& limits, Microseconds now) {
  if (limits == limits_) return;
  limits_ = limits;
  requests_.set_limit(limits.requests_per_minute, now);
  tokens_.set_limit(limits.tokens_per_minute, now);
}

std::optional<OverLimit> ClientLimits::begin(Microseconds now) {
  if (limits_.concurrency > 0 && under_way_ >= limits_.concurrency)
    return OverLimit{.kind = OverLimit::Kind::kConcurrency, .limit = limits_.concurrency};
  // Of two that are lacking, the one that takes longer says when the request will pass.
  const Microseconds wait_for_request = requests_.wait_for(1, now);
  if (wait_for_request > tokens_.wait_for(1, now))
    return OverLimit{.kind = OverLimit::Kind::kRequests,
                     .limit = limits_.requests_per_minute,
                     .seconds = divide_up(wait_for_request, kSecond)};
  if (auto over = refuse_tokens(1, now)) return over;
  requests_.take(1, now);
  ++under_way_;
  return {};
}

std::optional<OverLimit> ClientLimits::refuse_tokens(int64_t tokens, Microseconds now) const {
  const Microseconds wait = tokens_.wait_for(tokens, now);
  if (wait == 0) return {};
  return OverLimit{
      .kind = OverLimit::Kind::kTokens, .limit = limits_.tokens_per_minute, .seconds = divide_up(wait, kSecond)};
}

std::string reset_text(Microseconds time) {
  if (time < kSecond) return fmt::format("{}ms", divide_up(time, 1000));
  const int64_t seconds = divide_up(time, kSecond);
  return seconds < 60 ? fmt::format("{}s", seconds) : fmt::format("{}m{}s", seconds / 60, seconds % 60);
}

}  // namespace malmoi::serve
