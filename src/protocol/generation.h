// What every generating API asks for and gives back, whatever its wire format.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "chat/generation.h"
#include "protocol/fields.h"

namespace malmoi::protocol {

/// The fields common to completions and chats: the request, but for its prompt (a body may hold several), and what is
/// about the response alone. `ignore_eos`, `token_details` and those of protocol/sampler_fields.h
/// are extensions; the others are OpenAI's.
struct GenerationOptions : chat::GenerationRequest {
  bool seeded = false;  // false: the server draws a seed
  bool stream = false, include_usage = false;
  bool token_details = false;  // ids and chances after sampling options in logprobs; in completions `content` too
};

constexpr int64_t kMaxTopLogprobs = 100;
constexpr int64_t kMaxAnswers = 64;  // n times the number of prompts

/// Reads how tokens are drawn, by OpenAI's names and those of protocol/sampler_fields.h, over the model's own defaults.
void read_sampling(Fields& fields, const chat::SamplingOptions& defaults, GenerationOptions& options);

/// Reads `logprobs` and `top_logprobs` as chats have them: true, and how many.
void read_logprobs(Fields& fields, GenerationOptions& options);

/// Reads the common fields over the model's own defaults. Errors stay in `fields`.
GenerationOptions read_options(Fields& fields, const chat::SamplingOptions& defaults);

/// One answer, whole or a piece of a stream.
struct Answer {
  int64_t index = 0;
  std::string text;
  std::string reasoning;              // what was thought before it
  std::vector<chat::ToolCall> calls;  // each with an id
  int64_t first_call = 0;             // of a piece: how many calls came before it
  std::vector<chat::TokenReport> tokens;
  std::string finish_reason;  // "stop", "length", "tool_calls"; empty: it goes on
  std::string stop_text;      // that ended it, of those asked for
};

/// What stands at the head of each response and chunk.
struct ResponseHead {
  std::string id, model;
  int64_t created = 0;  // seconds since 1970
};

Json print_usage(const chat::Usage& usage);
/// null where there is none (NaN), as of a prompt's first token.
Json print_number(double value);
/// The numbers of bytes.
Json print_bytes(std::string_view bytes);
/// Chat's entry of one token: token, logprob, bytes; with `details` also id and chance.
Json print_token(const chat::TokenReport& token, bool details);
/// A list of them, each with its top_logprobs.
Json print_token_reports(const std::vector<chat::TokenReport>& tokens, bool details);

}  // namespace malmoi::protocol
