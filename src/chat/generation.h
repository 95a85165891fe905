// What is asked of whoever answers, and what is told back, token by token.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/job.h"
#include "chat/constraint.h"
#include "chat/message.h"
#include "chat/sampling.h"
#include "chat/tool_use.h"

namespace malmoi::chat {

/// Whether an answer to a conversation begins with thoughts, where the model's chat template leaves that open.
struct Thinking {
  std::optional<bool> wanted;   // none: as the template has it
  std::string effort;           // low, medium, high, where it is wanted; empty: as the template has it
  const char* field = "think";  // at fault where the model cannot
};

/// A text with a gap, which an answer fills.
struct Gap {
  std::string before, after;
  const char* field = "suffix";  // at fault where the model fills none
};

/// A text to continue, the ids of one, a conversation to answer, or a gap.
using Prompt = std::variant<std::string, std::vector<int32_t>, std::vector<Message>, Gap>;

struct AnswerFamily;
class Provider;

/// How the text of an answer to a conversation is told apart (chat/conversation.h).
struct AnswerForm {
  const AnswerFamily* family = nullptr;  // null: all of it is content
  std::string prompt_end = {};           // what the answer goes on with
  std::string begun = {};                // the beginning of the answer, which the prompt holds
  bool with_calls = false;
  bool in_content = false;  // as AnswerStart
};

struct GenerationRequest {
  std::string model;  // by the name that its ModelInfo has; empty: the provider's first
  Prompt prompt;
  std::optional<int64_t> max_tokens;  // of each answer; none: as many as the context holds
  int64_t n = 1;                      // answers, drawn apart: answer i with seed + i
  SamplingOptions sampling;
  ToolUse tools;                         // of a conversation
  Thinking thinking;                     // of a conversation
  std::optional<Constraint> constraint;  // what every answer must be, whole; a prepared chat's call that must be made
  std::vector<std::string> stop;         // texts that end an answer and are not part of it
  std::vector<int32_t> end_ids;  // tokens that end an answer, beside the model's end of text; a prepared chat's turn
  AnswerForm form;               // of a prepared chat
  bool ignore_eos = false;       // go on after the end of text, and of a turn
  bool trim_start = false;       // white space at an answer's beginning is not told
  bool logprobs = false;         // events must carry their tokens' probabilities
  int64_t top_logprobs = 0;      // alternatives to report with each token
  bool prompt_logprobs = false;  // the prompt's tokens are told, too, before its answers
  uint64_t client = 0;           // requests of one client share its turns; 0: a client of its own
  StopToken cancel;              // once requested, the answers end, waiting or running
  std::shared_ptr<Provider> held = {};  // what prepared it, and is to answer it; null: whoever is asked
};

enum class FinishReason { kNone, kStop, kLength, kCancelled, kError };

/// A token with the probabilities that the model gave it.
struct TokenReport {
  int32_t id = -1;
  std::string bytes;             // that it stands for
  double logprob = 0;            // before all sampling options; NaN: none, of a prompt's first token
  double chance = 0;             // with which it was drawn, after them; NaN: it was given
  std::vector<TokenReport> top;  // the most probable before them
};

/// One generated token (id -1: none, an end alone) of one answer, with the text that became certain with it. Never half a
/// character, never part of a stop text; it may be empty, and a later token's text may belong to several tokens. The rest
/// comes with the last event.
struct TokenEvent : TokenReport {
  int64_t answer = 0;   // of GenerationRequest::n
  bool prompt = false;  // a token of the prompt, told once for all answers, without text
  std::string text;
  FinishReason finish = FinishReason::kNone;  // set on an answer's last event
  std::string stop;                           // with kStop: the text that ended it; empty: the model did
  std::string error;                          // with kError
  int64_t prompt_tokens = 0;                  // how many the prompt has
  int64_t cached_tokens = 0;                  // how many of them had been read for another request
  double waited_seconds = 0;                  // from its request to the reading of the prompt
};

/// Called in an answer's order, on a thread of the provider's; returns false to end the answer without another event. Must
/// not block for long.
using TokenSink = std::function<bool(const TokenEvent& event)>;

struct Usage {
  int64_t prompt_tokens = 0, completion_tokens = 0, cached_tokens = 0;
  int64_t reasoning_tokens = 0;  // of those of completions, the ones that were thought
};

}  // namespace malmoi::chat
