// OpenAI's /v1/completions: parse requests, print responses and chunks.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "protocol/generation.h"

namespace malmoi::protocol {

struct CompletionRequest {
  GenerationOptions options;
  std::vector<chat::Prompt> prompts;  // at least one: texts or ids
  bool echo = false;                  // the answer's text begins with the prompt's
};

/// `prompt` may be a text, a list of texts, a list of ids, or a list of lists of ids. Errors name the field.
Result<CompletionRequest> parse_completion(const Json& body, const chat::SamplingOptions& defaults);

/// A whole response. `text_offset`s count code points from the beginning of the answer's text.
Json print_completion(const ResponseHead& head, const std::vector<Answer>& answers, const chat::Usage& usage,
                      const GenerationOptions& options);

/// Prints the pieces of a stream; keeps the text offsets of each answer.
class CompletionStream {
 public:
  CompletionStream(ResponseHead head, const GenerationOptions& options, size_t answers);
  Json chunk(const Answer& piece);
  Json usage_chunk(const chat::Usage& usage) const;

 private:
  ResponseHead head_;
  GenerationOptions options_;
  std::vector<int64_t> offsets_;  // of each answer, in code points
};

}  // namespace malmoi::protocol
