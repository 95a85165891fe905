#include "serve/request_context.h"

#include <algorithm>
#include <cmath>

#include "base/log.h"
#include "base/utc.h"
#include "serve/target.h"

namespace malmoi::serve {
namespace {

void add_bucket(http::fields& header, const Bucket& bucket, const std::string& what, Microseconds now) {
  if (bucket.limit() == 0) return;
  header.set("x-ratelimit-limit-" + what, std::to_string(bucket.limit()));
  header.set("x-ratelimit-remaining-" + what, std::to_string(bucket.left(now)));
  header.set("x-ratelimit-reset-" + what, reset_text(bucket.until_full(now)));
}

// Seconds to the microsecond: further digits say nothing.
double in_microseconds(double seconds) { return std::round(seconds * 1e6) / 1e6; }

}  // namespace

RequestContext::~RequestContext() {
  if (limited_) caller.limits->end();
}

void RequestContext::begin(const HttpRequest& request) {
  time_ = std::chrono::system_clock::now();
  began_ = monotonic_seconds();
  method_ = view(request.method_string());
  path_ = path_of(request);
  id = request_id_of(request);
  trace = continue_trace(view(request["traceparent"]));
}

std::optional<OverLimit> RequestContext::begin_limits() {
  if (!caller.limits) return {};
  if (auto over = caller.limits->begin(monotonic_microseconds())) return over;
  limited_ = true;
  return {};
}

std::optional<OverLimit> RequestContext::pay_for_prompt(int64_t tokens) {
  if (!caller.limits) return {};
  const Microseconds now = monotonic_microseconds();
  if (auto over = caller.limits->refuse_tokens(tokens, now)) return over;
  caller.limits->use_tokens(tokens, now);
  return {};
}

void RequestContext::use_tokens(int64_t tokens) {
  if (caller.limits && tokens > 0) caller.limits->use_tokens(tokens, monotonic_microseconds());
}

void RequestContext::add_fields(http::fields& header) const {
  if (!id.empty()) header.set("X-Request-Id", id);
  if (trace) header.set("traceparent", trace->traceparent());
  if (!caller.limits) return;
  const Microseconds now = monotonic_microseconds();
  add_bucket(header, caller.limits->requests(), "requests", now);
  add_bucket(header, caller.limits->tokens(), "tokens", now);
}

Json RequestContext::log_entry() const {
  Json entry{{"time", utc_text(time_)}, {"method", method_},
             {"path", path_},           {"status", status == 0 ? kClientClosedRequest : status},
             {"bytes", bytes},          {"seconds", in_microseconds(monotonic_seconds() - began_)},
             {"client", caller.name},   {"request_id", id}};
  if (trace) {
    entry["trace_id"] = trace->trace_id;
    entry["span_id"] = trace->span;
    entry["parent_span_id"] = trace->parent_span;
  }
  if (!model.empty()) entry["model"] = model;
  if (first_token_seconds > 0) entry["first_token_seconds"] = in_microseconds(first_token_seconds);
  if (usage.prompt_tokens > 0) entry["prompt_tokens"] = usage.prompt_tokens;
  if (usage.completion_tokens > 0) entry["completion_tokens"] = usage.completion_tokens;
  if (!body.empty()) entry["body"] = body;
  return entry;
}

void UsageMeter::count(const protocol::Told& told) {
  const int64_t prompt = told.usage.prompt_tokens - counted_.prompt_tokens;
  const int64_t completion = told.usage.completion_tokens - counted_.completion_tokens;
  const int64_t paid = std::min(prompt, paid_prompt_);
  paid_prompt_ -= paid;
  context_->use_tokens(prompt - paid + completion);
  context_->usage.prompt_tokens += prompt;
  context_->usage.completion_tokens += completion;
  if (context_->first_token_seconds == 0 && told.first_seconds > 0)
    context_->first_token_seconds = start_ + told.first_seconds - context_->began();
  counted_ = told.usage;
}

}  // namespace malmoi::serve
