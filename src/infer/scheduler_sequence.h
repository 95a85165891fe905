// One answer under way, as the scheduler keeps it.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/log.h"
#include "grammar/matcher.h"
#include "infer/scheduler.h"

namespace malmoi::infer {

// Rows of one answer in a step, drafts among them: of more, few are right, and each reads all keys by itself.
inline constexpr int64_t kMostRowsOfAnswer = 16;
static_assert(kMostRowsOfAnswer <= nn::StatePool::kUndoRows);

// How many rows of prompts a client has read, of those that it could have since it came.
struct Scheduler::Turns {
  double read = 0;
};

struct Scheduler::Sequence {
  std::shared_ptr<const TokenRequest> request;
  TokenHandler handler;
  uint64_t id = 0;            // of all that the scheduler has had
  int64_t answer = 0;         // which of the request's
  nn::SequenceState state;    // empty: waiting
  std::vector<int32_t> text;  // what the decoder reads: a prompt (of an encoder-decoder its start), then the answer
  int64_t prompt = 0;         // how much of it is the prompt
  int64_t in_pieces = 0;      // how much of it is read many rows at once: the prompt, or all that was there at a switch
  Sampler sampler;
  std::optional<grammar::Matcher> matcher;  // of an answer that must be of a grammar
  std::shared_ptr<Turns> turns;
  int64_t cached = 0;        // tokens of the prompt that had been read for another request
  double came = 0;           // monotonic seconds
  double waited = 0;         // seconds, until it was let in for the first time
  int64_t draft_misses = 0;  // drafts in a row that were wrong from their first token on
  int64_t draft_pause = 0;   // tokens that go without a draft
  // Draft tokens to try next (scheduler_draft.cc).
  int64_t draft_length = 0;
  int64_t told = 0;     // how many tokens of the prompt, where they are asked for
  bool let_in = false;  // it has run before: where it waits, it was sent back
  bool extra = false;   // let in beyond max_running
  bool begun = false;   // the prompt was read once, the other answers have begun
  bool done = false;

  /// The first answer, which reads the prompt.
  Sequence(std::shared_ptr<const TokenRequest> what, TokenHandler whom, std::vector<int32_t> begin, int64_t vocab_size)
      : request(std::move(what)),
        handler(std::move(whom)),
        text(std::move(begin)),
        prompt(static_cast<int64_t>(text.size())),
        in_pieces(prompt),
        sampler(request->sampling, vocab_size),
        came(request->came > 0 ? request->came : monotonic_seconds()) {
    begin_answer();
  }
  /// Another answer to a prompt that the first has read.
  Sequence(const Sequence& first, int64_t which, int64_t vocab_size)
      : request(first.request),
        handler(first.handler),
        answer(which),
        text(first.text),
        prompt(first.prompt),
        in_pieces(first.in_pieces),
        sampler(seeded(first.request->sampling, which), vocab_size),
        turns(first.turns),
        cached(first.cached),
        came(first.came),
        waited(first.waited),
        told(first.told),
        begun(true) {
    begin_answer();
  }

  int64_t length() const { return static_cast<int64_t>(text.size()); }
  int64_t read() const { return state.length(); }
  /// This one and those that begin with it.
  int64_t answers_to_come() const { return begun ? 1 : request->answers; }
  bool cancelled() const { return request->cancel.requested(); }

 private:
  void begin_answer() {
    for (int32_t id : text) sampler.observe(id);
    if (request->grammar) matcher.emplace(request->grammar, request->stop_ids);
  }
  static SamplingOptions seeded(SamplingOptions options, int64_t which) {
    options.seed += static_cast<uint64_t>(which);
    return options;
  }
};

}  // namespace malmoi::infer
