#include "serve/answers.h"

#include <utility>

namespace malmoi::serve {

protocol::ApiError server_stopping() {
  return {.status = 503,
          .message = "the answer was ended because the server is stopping; try again later",
          .type = "server_error",
          .code = "unavailable"};
}

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

// The next piece of an answer: its first one begins with what it echoes.
protocol::Answer Answers::begin_piece(size_t answer) {
  return {.index = whole_[answer].index, .text = std::exchange(options_.echoes[answer], {})};
}

void Answers::keep(const protocol::Answer& piece) {
  if (!options_.keep) return;
  protocol::Answer& all = whole_[static_cast<size_t>(piece.index)];
  all.text += piece.text;
  all.tokens.insert(all.tokens.end(), piece.tokens.begin(), piece.tokens.end());
  all.finish_reason = piece.finish_reason;
}

// A token of a prompt stands at the beginning of every answer to it.
std::vector<protocol::Answer> Answers::add_prompt_token(const AnswerEvent& event) {
  std::vector<protocol::Answer> pieces;
  for (size_t i = 0; i < options_.each; ++i) {
    protocol::Answer piece = begin_piece(event.answer + i);
    piece.tokens.push_back(event.event);
    keep(piece);
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

std::vector<protocol::Answer> Answers::add(const AnswerEvent& event) {
  const chat::TokenEvent& token = event.event;
  if (token.prompt) return add_prompt_token(event);
  measure(event);
  if (token.finish == chat::FinishReason::kError || token.finish == chat::FinishReason::kCancelled) {
    bool stopped = token.finish == chat::FinishReason::kCancelled;
    failure_ =
        stopped ? server_stopping() : protocol::ApiError{.status = 500, .message = token.error, .type = "server_error"};
    return {};
  }
  protocol::Answer piece = begin_piece(event.answer);
  piece.text += token.text;
  if (token.id >= 0) {
    ++usage_.completion_tokens;
    if (options_.logprobs) piece.tokens.push_back(token);
  }
  if (token.finish != chat::FinishReason::kNone) {
    piece.finish_reason = token.finish == chat::FinishReason::kLength ? "length" : "stop";
    if (token.answer == 0) {  // once per prompt
      usage_.prompt_tokens += token.prompt_tokens;
      usage_.cached_tokens += token.cached_tokens;
    }
    metrics_->finished(piece.finish_reason, event.time - start_);
    --left_;
  }
  if (piece.text.empty() && piece.tokens.empty() && piece.finish_reason.empty()) return {};
  keep(piece);
  return {std::move(piece)};
}

}  // namespace malmoi::serve
