// The answers of one request as they grow, from the provider's events.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "chat/conversation.h"
#include "protocol/text_protocol.h"
#include "serve/event_queue.h"
#include "serve/metrics.h"

namespace malmoi::serve {

/// What the client of an answer is told that the end of the server cuts short.
protocol::ApiError server_stopping();

struct AnswersOptions {
  size_t count = 1;
  size_t each = 1;  // answers to one prompt, which stand together
  size_t best = 0;  // of each prompt's answers so many are kept in the end; 0: all
  bool logprobs = false;
  bool keep = true;  // for whole(); of a stream, whose pieces are gone when they are sent, nothing is kept
  std::vector<std::string> echoes;
  chat::AnswerForm form = {};  // how each is told apart
  bool one_call = false;       // an answer ends with its first call
  std::string model = {};      // by which its times are counted
};

/// Collects events into whole answers and gives the pieces to stream. One thread.
class Answers {
 public:
  Answers(Metrics& metrics, double start, AnswersOptions options);

  /// The pieces that an event adds; none where it adds nothing to tell, or its answer has ended.
  std::vector<protocol::Answer> add(const AnswerEvent& event);
  bool done() const { return left_ == 0; }
  size_t size() const { return options_.count; }
  const std::optional<protocol::ApiError>& failure() const { return failure_; }
  /// So far; whole once done().
  const protocol::Told& told() const { return told_; }
  /// Everything so far, one an answer, where it is kept. Once done(), of each prompt the best that were asked for, those first
  /// whose tokens' log-probabilities have the largest mean, numbered anew.
  const std::vector<protocol::Answer>& whole() const { return whole_; }

 private:
  void measure(const AnswerEvent& event);
  void count_prompt(const AnswerEvent& event);
  protocol::Answer begin_piece(size_t answer);
  bool has_its_call(size_t answer) const { return options_.one_call && calls_[answer] > 0; }
  bool thinks(size_t answer) const;
  void read(const AnswerEvent& event, protocol::Answer& piece);
  void count_token(const AnswerEvent& event, bool of_thought, protocol::Answer& piece);
  void add_call(size_t answer, chat::ToolCall call, protocol::Answer& piece);
  void end(const AnswerEvent& event, protocol::Answer& piece);
  void keep(const protocol::Answer& piece);
  double mean_logprob(size_t answer) const;
  void choose_best();
  std::vector<protocol::Answer> add_prompt_token(const AnswerEvent& event);

  ModelMetrics metrics_;
  double start_;
  AnswersOptions options_;
  std::vector<protocol::Answer> whole_;
  std::vector<double> last_;                                  // when each answer's last token came; 0: none yet
  std::vector<std::unique_ptr<chat::AnswerParser>> parsers_;  // null: all is content
  std::vector<int64_t> calls_;                                // told of each answer
  std::vector<double> logprobs_;                              // of each answer's tokens, summed
  std::vector<int64_t> tokens_;                               // of each answer, counted
  std::vector<bool> ended_;
  std::vector<chat::Usage> prompts_;  // of each prompt, at its first answer: what told_ has of it
  protocol::Told told_;
  size_t left_;
  std::optional<protocol::ApiError> failure_;
};

}  // namespace malmoi::serve
