// Generation with text: what is asked for and told where a tokenizer stands between.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "infer/scheduler.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::infer {

/// What to generate, and how it becomes text.
struct Request : TokenRequest {
  std::vector<std::string> stop;  // texts that end an answer and are not part of it
  bool skip_special = true;       // special tokens print as nothing
};

/// One generated token with its text: what became certain with it. Never half a character, never part of a stop text; it
/// may be empty, and a later token's text may belong to several tokens. The rest comes with the last event.
struct TokenEvent : Token {
  std::string text;
};

/// Called in order; returns false to end the answer without another event. Must not block for long.
using EventHandler = std::function<bool(const TokenEvent& event)>;

/// Generates on the calling thread and streams to `handler`; the same tokens as an Engine would give. Errors: what cannot
/// run (Scheduler::check).
Status generate(const model::Model& model, const tokenizer::Tokenizer& tokenizer, Request request,
                EventHandler handler);

}  // namespace malmoi::infer
