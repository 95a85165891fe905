#include "serve/answers.h"

namespace malmoi::serve {

Answers::Answers(Metrics& metrics, double start, AnswersOptions options)
    : metrics_(&metrics),
      start_(start),
      options_(std::move(options)),
      whole_(options_.count),
      last_(options_.count, 0),
      left_(options_.count) {
  for (size_t i = 0; i < whole_.size(); ++i) whole_[i].index = static_cast<int64_t>(i);
}

void Answers::measure(const AnswerEvent& event) {
  double& last = last_[event.answer];
  if (event.event.id >= 0) {
    if (last == 0) metrics_->first_token(event.time - start_);
    else metrics_->next_token(event.time - last);
    last = event.time;
  }
}

std::vector<protocol::Answer> Answers::add(const AnswerEvent& event) {
  const chat::TokenEvent& token = event.event;
  protocol::Answer& all = whole_[event.answer];
  measure(event);
  if (token.finish == chat::FinishReason::kError || token.finish == chat::FinishReason::kCancelled) {
    bool stopped = token.finish == chat::FinishReason::kCancelled;
    failure_ = protocol::ApiError{
        .status = stopped ? 503 : 500,
        .message = stopped ? "the answer was ended because the server is stopping; try again later" : token.error,
        .type = "server_error",
        .code = stopped ? "unavailable" : ""};
    return {};
  }
  protocol::Answer piece{.index = all.index, .text = token.text};
  if (all.text.empty() && all.tokens.empty() && !options_.echoes[event.answer].empty()) {
    piece.text.insert(0, options_.echoes[event.answer]);
    options_.echoes[event.answer].clear();
  }
  if (token.id >= 0) {
    ++usage_.completion_tokens;
    if (options_.logprobs) piece.tokens.push_back(token);
  }
  if (token.finish != chat::FinishReason::kNone) {
    piece.finish_reason = token.finish == chat::FinishReason::kLength ? "length" : "stop";
    if (token.answer == 0) usage_.prompt_tokens += token.prompt_tokens;  // once a prompt
    metrics_->finished(piece.finish_reason, event.time - start_);
    --left_;
  }
  if (piece.text.empty() && piece.tokens.empty() && piece.finish_reason.empty()) return {};
  all.text += piece.text;
  all.tokens.insert(all.tokens.end(), piece.tokens.begin(), piece.tokens.end());
  all.finish_reason = piece.finish_reason;
  return {std::move(piece)};
}

}  // namespace malmoi::serve
