#include "serve/answers.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <numeric>
#include <utility>

#include "serve/new_id.h"

namespace malmoi::serve {

protocol::ApiError server_stopping() {
  return {.status = 503,
          .message = "the answer was ended because the server is stopping; try again later",
          .type = "server_error",
          .code = "unavailable"};
}

Answers::Answers(Metrics& metrics, double start, AnswersOptions options)
    : metrics_(metrics.of(options.model)),
      start_(start),
      options_(std::move(options)),
      whole_(options_.count),
      last_(options_.count, 0),
      calls_(options_.count, 0),
      logprobs_(options_.count, 0),
      tokens_(options_.count, 0),
      ended_(options_.count, false),
      prompts_(options_.count),
      left_(options_.count) {
  for (size_t i = 0; i < whole_.size(); ++i) {
    whole_[i].index = static_cast<int64_t>(i);
    parsers_.push_back(chat::open_parser(options_.form));
  }
}

void Answers::measure(const AnswerEvent& event) {
  double& last = last_[event.answer];
  told_.seconds = event.time - start_;
  if (event.event.id >= 0) {
    if (told_.first_seconds == 0) told_.first_seconds = told_.seconds;
    if (last == 0 && event.event.answer == 0) metrics_.waited(event.event.waited_seconds);
    if (last == 0) metrics_.first_token(event.time - start_);
    else metrics_.next_token(event.time - last);
    last = event.time;
  }
}

// Once per prompt. A provider may know no sooner than at the end, or tell it once.
void Answers::count_prompt(const AnswerEvent& event) {
  if (event.event.answer != 0 || event.event.prompt_tokens == 0) return;
  chat::Usage& counted = prompts_[event.answer];
  told_.usage.prompt_tokens += event.event.prompt_tokens - counted.prompt_tokens;
  told_.usage.cached_tokens += event.event.cached_tokens - counted.cached_tokens;
  counted.prompt_tokens = event.event.prompt_tokens;
  counted.cached_tokens = event.event.cached_tokens;
}

// The next piece of an answer: its first one begins with what it echoes.
protocol::Answer Answers::begin_piece(size_t answer) {
  return {.index = whole_[answer].index, .text = std::exchange(options_.echoes[answer], {})};
}

void Answers::keep(const protocol::Answer& piece) {
  if (!options_.keep) return;
  protocol::Answer& all = whole_[static_cast<size_t>(piece.index)];
  for (const protocol::Answer::Place& place : piece.call_places)
    all.call_places.push_back({.text = all.text.size() + place.text, .tokens = all.tokens.size() + place.tokens});
  all.text += piece.text;
  all.reasoning += piece.reasoning;
  all.calls.insert(all.calls.end(), piece.calls.begin(), piece.calls.end());
  all.tokens.insert(all.tokens.end(), piece.tokens.begin(), piece.tokens.end());
  if (piece.thought_tokens > 0) all.thought_tokens = all.tokens.size();
  all.finish_reason = piece.finish_reason;
  all.stop_text = piece.stop_text;
}

double Answers::mean_logprob(size_t answer) const {
  return tokens_[answer] > 0 ? logprobs_[answer] / static_cast<double>(tokens_[answer]) : 0;
}

void Answers::choose_best() {
  std::vector<protocol::Answer> best;
  for (size_t first = 0; first < whole_.size(); first += options_.each) {
    std::vector<size_t> order(options_.each);
    std::iota(order.begin(), order.end(), first);
    std::ranges::stable_sort(order, std::greater(), [&](size_t answer) { return mean_logprob(answer); });
    for (size_t i = 0; i < options_.best; ++i) {
      best.push_back(std::move(whole_[order[i]]));
      best.back().index = static_cast<int64_t>(best.size()) - 1;
    }
  }
  whole_ = std::move(best);
}

void Answers::add_call(size_t answer, chat::ToolCall call, protocol::Answer& piece) {
  if (call.id.empty()) call.id = new_call_id(options_.form.family->short_ids);
  piece.calls.push_back(std::move(call));
  piece.call_places.push_back({.text = piece.text.size()});
  ++calls_[answer];
}

// Whether the text so far ends in a thought; only of families that mark where it ends.
bool Answers::thinks(size_t answer) const { return parsers_[answer] && !parsers_[answer]->thought_end().empty(); }

// What a token's text makes certain, and at the end what is left; nothing behind a call that ends the answer.
void Answers::read(const AnswerEvent& event, protocol::Answer& piece) {
  chat::AnswerParser* parser = parsers_[event.answer].get();
  if (!parser) {
    piece.text += event.event.text;
    return;
  }
  std::vector<chat::AnswerEvent> told = parser->push(event.event.text);
  if (event.event.finish != chat::FinishReason::kNone) {
    std::vector<chat::AnswerEvent> rest = parser->finish();
    told.insert(told.end(), std::move_iterator(rest.begin()), std::move_iterator(rest.end()));
  }
  piece.first_call = calls_[event.answer];
  for (chat::AnswerEvent& part : told) {
    if (has_its_call(event.answer)) return;
    switch (part.kind) {
      case chat::AnswerEvent::Kind::kContent: piece.text += part.text; break;
      case chat::AnswerEvent::Kind::kReasoning: piece.reasoning += part.text; break;
      case chat::AnswerEvent::Kind::kToolCall: add_call(event.answer, std::move(part.call), piece); break;
    }
  }
}

void Answers::count_token(const AnswerEvent& event, bool of_thought, protocol::Answer& piece) {
  if (event.event.id < 0) return;
  ++told_.usage.completion_tokens;
  ++tokens_[event.answer];
  logprobs_[event.answer] += event.event.logprob;
  if (of_thought) ++told_.usage.reasoning_tokens;
  if (!options_.logprobs) return;
  piece.tokens.push_back(event.event);
  if (of_thought) piece.thought_tokens = piece.tokens.size();
  for (protocol::Answer::Place& place : piece.call_places) place.tokens = piece.tokens.size();  // which ends the call
}

void Answers::end(const AnswerEvent& event, protocol::Answer& piece) {
  const chat::TokenEvent& token = event.event;
  const bool is_cut = token.finish == chat::FinishReason::kLength && !has_its_call(event.answer);
  const char* whole = calls_[event.answer] > 0 ? "tool_calls" : "stop";
  piece.finish_reason = is_cut ? "length" : whole;
  piece.stop_text = token.stop;
  metrics_.finished(piece.finish_reason, event.time - start_);
  ended_[event.answer] = true;
  --left_;
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
  if (ended_[event.answer]) return {};  // the provider does not know yet
  count_prompt(event);
  if (token.prompt) return add_prompt_token(event);
  measure(event);
  if (token.finish == chat::FinishReason::kError || token.finish == chat::FinishReason::kCancelled) {
    bool stopped = token.finish == chat::FinishReason::kCancelled;
    failure_ =
        stopped ? server_stopping() : protocol::ApiError{.status = 500, .message = token.error, .type = "server_error"};
    return {};
  }
  protocol::Answer piece = begin_piece(event.answer);
  const bool thought = thinks(event.answer);
  read(event, piece);
  const bool tells_thought = !piece.reasoning.empty() || thought || thinks(event.answer);  // itself, or its marks
  count_token(event, tells_thought && piece.text.empty() && piece.calls.empty(), piece);
  if (token.finish != chat::FinishReason::kNone || has_its_call(event.answer)) end(event, piece);
  const bool says = !piece.text.empty() || !piece.reasoning.empty() || !piece.calls.empty();
  if (!says && piece.tokens.empty() && piece.finish_reason.empty()) return {};
  keep(piece);
  if (done() && options_.best > 0) choose_best();
  return {std::move(piece)};
}

}  // namespace malmoi::serve
