// What every generating API asks for and gives back, whatever its wire format.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "infer/sampling.h"
#include "protocol/fields.h"

namespace malmoi::protocol {

/// The options common to completions and chats. `top_k`, `min_p`, `repetition_penalty`, `ignore_eos` and `token_details`
/// are extensions; the others are OpenAI's.
struct GenerationOptions {
  std::string model;  // empty: the one served
  std::optional<int64_t> max_tokens;
  int64_t n = 1;                    // answers to each prompt
  infer::SamplingOptions sampling;  // `seed` as given, or 0
  bool seeded = false;              // false: the server draws a seed
  std::vector<std::string> stop;
  bool logprobs = false;
  int64_t top_logprobs = 0;  // alternatives with each token
  bool stream = false, include_usage = false;
  bool ignore_eos = false;     // go on after the end of text
  bool token_details = false;  // ids and chances after sampling options in logprobs; in completions `content` too
};

constexpr int64_t kMaxTopLogprobs = 100;
constexpr int64_t kMaxAnswers = 64;  // n times the number of prompts

/// Reads the common fields over the model's own defaults. Errors stay in `fields`.
GenerationOptions read_options(Fields& fields, const infer::SamplingOptions& defaults);

/// One token as told to a client.
struct TokenReport {
  int32_t id = 0;
  std::string bytes;
  double logprob = 0;
  double chance = 0;  // with which it was drawn, after all sampling options
  std::vector<TokenReport> top;
};

struct Usage {
  int64_t prompt_tokens = 0, completion_tokens = 0;
};

/// One answer, whole or a piece of a stream.
struct Answer {
  int64_t index = 0;
  std::string text;
  std::vector<TokenReport> tokens;
  std::string finish_reason;  // "stop", "length"; empty prints as null
};

/// What stands at the head of each response and chunk.
struct ResponseHead {
  std::string id, model;
  int64_t created = 0;  // seconds since 1970
};

Json print_usage(const Usage& usage);
/// Chat's entry of one token: token, logprob, bytes, top_logprobs; with `details` also id and chance.
Json print_token(const TokenReport& token, bool details);

}  // namespace malmoi::protocol
