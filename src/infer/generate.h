// Generation with text: what is asked for and told where a tokenizer stands between.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "chat/generation.h"
#include "infer/scheduler.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::infer {

/// What to generate, and how it becomes text.
struct Request : TokenRequest {
  std::vector<std::string> stop;               // texts that end an answer and are not part of it
  std::optional<chat::Constraint> constraint;  // becomes `grammar`
  /// Special tokens that print as they are spelled; all others print as nothing.
  std::vector<int32_t> spelled_ids;
  bool trim_start = false;  // white space at an answer's beginning is not told
};

using chat::TokenEvent;
using chat::TokenSink;

/// Generates on the calling thread and streams to `sink`; the same tokens as an Engine would give. Errors: what cannot
/// run (Scheduler::check).
Status generate(const model::Model& model, const tokenizer::Tokenizer& tokenizer, Request request, TokenSink sink);
/// The same by a scheduler that stays for the next request, with what it remembers; whatever else it has to do is done, too.
Status generate(Scheduler& scheduler, const tokenizer::Tokenizer& tokenizer, Request request, TokenSink sink);

}  // namespace malmoi::infer
