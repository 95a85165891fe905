#include "serve/answers.h"

namespace malmoi::serve {

Answers::Answers(const tokenizer::Tokenizer& tokenizer, Metrics& metrics, double start, AnswersOptions options)
    : tokenizer_(&tokenizer),
      metrics_(&metrics),
      start_(start),
      options_(std::move(options)),
      whole_(options_.count),
      last_(options_.count, 0),
      trimming_(options_.count, options_.trim_start),
      left_(options_.count) {
  for (size_t i = 0; i < whole_.size(); ++i) whole_[i].index = static_cast<int64_t>(i);
}

protocol::TokenReport Answers::report(const infer::Candidate& token) const {
  return {.id = token.id, .bytes = tokenizer_->token_bytes(token.id), .logprob = token.logprob, .chance = token.chance};
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
  const infer::TokenEvent& token = event.event;
  protocol::Answer& all = whole_[event.answer];
  measure(event);
  if (token.finish == infer::FinishReason::kError || token.finish == infer::FinishReason::kCancelled) {
    bool stopped = token.finish == infer::FinishReason::kCancelled;
    failure_ = protocol::ApiError{
        .status = stopped ? 503 : 500,
        .message = stopped ? "the answer was ended because the server is stopping; try again later" : token.error,
        .type = "server_error",
        .code = stopped ? "unavailable" : ""};
    return {};
  }
  protocol::Answer piece{.index = all.index, .text = token.text};
  if (trimming_[event.answer]) {
    piece.text.erase(0, piece.text.find_first_not_of(" \t\r\n"));
    if (!piece.text.empty()) trimming_[event.answer] = false;
  }
  if (all.text.empty() && all.tokens.empty() && !options_.echoes[event.answer].empty()) {
    piece.text.insert(0, options_.echoes[event.answer]);
    options_.echoes[event.answer].clear();
  }
  if (token.id >= 0) {
    ++options_.usage.completion_tokens;
    if (options_.logprobs) {
      protocol::TokenReport told = report({token.id, token.logprob, token.chance});
      for (const infer::Candidate& other : token.top) told.top.push_back(report(other));
      piece.tokens.push_back(std::move(told));
    }
  }
  if (token.finish != infer::FinishReason::kNone) {
    piece.finish_reason = token.finish == infer::FinishReason::kLength ? "length" : "stop";
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
