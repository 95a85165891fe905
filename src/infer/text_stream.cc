#include "infer/text_stream.h"

#include <algorithm>
#include <memory>

#include "base/begun.h"

namespace malmoi::infer {

StopFilter::StopFilter(std::vector<std::string> stops) : stops_(std::move(stops)) {
  std::erase_if(stops_, [](const std::string& stop) { return stop.empty(); });
}

std::string StopFilter::push(const std::string& text) {
  held_ += text;
  size_t first = std::string::npos;
  for (const std::string& stop : stops_) {
    const size_t at = held_.find(stop);
    if (at < first) first = at, stop_ = stop;
  }
  if (first != std::string::npos) return take(first);
  size_t safe = held_.size();
  for (const std::string& stop : stops_) safe = std::min(safe, held_.size() - begun(held_, stop));
  return take(safe);
}

std::string StopFilter::finish() { return stopped() ? "" : take(held_.size()); }

std::string StopFilter::take(size_t bytes) {
  std::string out = held_.substr(0, bytes);
  held_.erase(0, bytes);
  return out;
}

TextStream::TextStream(const tokenizer::Tokenizer& tokenizer, const Request& request)
    : tokenizer_(&tokenizer),
      decoder_(tokenizer),
      spelled_ids_(request.spelled_ids),
      stops_(request.stop),
      trimming_(request.trim_start),
      prompt_tokens_(static_cast<int64_t>(request.prompt.size())) {}

chat::TokenReport TextStream::report(const Candidate& token) const {
  return {.id = token.id, .bytes = tokenizer_->token_bytes(token.id), .logprob = token.logprob, .chance = token.chance};
}

// What follows a token that is spelled out is decoded as the beginning of a text.
std::string TextStream::text_of(int32_t id) {
  if (std::find(spelled_ids_.begin(), spelled_ids_.end(), id) == spelled_ids_.end()) return decoder_.push(id);
  return decoder_.finish() + tokenizer_->piece(id);
}

TokenEvent TextStream::add(const Token& token) {
  TokenEvent event;
  if (token.id >= 0) {
    static_cast<chat::TokenReport&>(event) = report({token.id, token.logprob, token.chance});
    for (const Candidate& other : token.top) event.top.push_back(report(other));
    if (!token.prompt) event.text = stops_.push(text_of(token.id));
  }
  event.answer = token.answer;
  event.prompt = token.prompt;
  event.prompt_tokens = prompt_tokens_;
  event.cached_tokens = token.cached;
  event.waited_seconds = token.waited;
  if (event.prompt) return event;
  event.finish = token.finish;
  event.error = token.error;
  bool ends = token.finish == FinishReason::kStop || token.finish == FinishReason::kLength;
  if (ends && !stops_.stopped()) {
    event.text += stops_.push(decoder_.finish());
    event.text += stops_.finish();
  }
  if (stops_.stopped()) event.finish = FinishReason::kStop, event.stop = stops_.stop();
  if (trimming_) event.text.erase(0, event.text.find_first_not_of(" \t\r\n"));
  trimming_ = trimming_ && event.text.empty();
  return event;
}

TokenHandler text_handler(const tokenizer::Tokenizer& tokenizer, const Request& request, TokenSink sink) {
  auto streams = std::make_shared<std::vector<TextStream>>();
  for (int64_t i = 0; i < request.answers; ++i) streams->emplace_back(tokenizer, request);
  return [streams, sink = std::move(sink)](const Token& token) {
    TokenEvent event = (*streams)[static_cast<size_t>(token.answer)].add(token);
    bool goes_on = sink(event);
    return goes_on && event.finish == FinishReason::kNone;
  };
}

}  // namespace malmoi::infer
