// What every generating API asks for and gives back, whatever its wire format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "chat/generation.h"
#include "chat/tokenize.h"
#include "protocol/fields.h"

namespace malmoi::protocol {

/// The fields common to completions and chats: the request, but for its prompt (a body may hold several), and what is
/// about the response alone. `ignore_eos`, `token_details` and those of protocol/sampler_fields.h
/// are extensions; the others are OpenAI's.
struct GenerationOptions : chat::GenerationRequest {
  bool seeded = false;  // false: the server draws a seed
  bool stream = false, include_usage = false;
  bool include_thoughts = true;  // a response tells what was thought before an answer, where its API leaves that open
  bool token_details = false;    // ids and chances after sampling options in logprobs; in completions `content` too
  int64_t best = 0;              // so many of each prompt's answers are told, the most probable; 0: all
  Json repeated;                 // fields that a response says again, where its protocol has that
};

constexpr int64_t kMaxTopLogprobs = 100;
constexpr int64_t kMaxAnswers = 64;  // n times the number of prompts

/// Reads how tokens are drawn: `temperature`, `top_p`, `top_k`, both penalties, `seed` and what sampler_fields.h names, over
/// the model's own defaults. Errors stay in `fields`.
void read_sampling(Fields& fields, const chat::SamplingOptions& defaults, GenerationOptions& options);

/// Reads `logprobs` and `top_logprobs` as chats have them: true, and how many.
void read_logprobs(Fields& fields, GenerationOptions& options);

/// Reads the common fields over the model's own defaults. Errors stay in `fields`.
GenerationOptions read_options(Fields& fields, const chat::SamplingOptions& defaults);

/// What the APIs allow at the edges, as samplers have it: top_k -1 is all, top_p 0 the most probable alone.
void read_edges(chat::SamplingOptions& sampling);

/// One answer, whole or a piece of a stream.
struct Answer {
  /// A place in it: before so much of `text`, and before so many of `tokens`.
  struct Place {
    size_t text = 0, tokens = 0;
  };
  int64_t index = 0;
  std::string text;
  std::string reasoning;              // what was thought before it
  std::vector<chat::ToolCall> calls;  // each with an id
  int64_t first_call = 0;             // of a piece: how many calls came before it
  std::vector<chat::TokenReport> tokens;
  size_t thought_tokens = 0;            // so many of `tokens`, the first ones, are of what was thought
  std::string finish_reason;            // "stop", "length", "tool_calls"; empty: it goes on
  std::string stop_text;                // that ended it, of those asked for
  std::vector<Place> call_places = {};  // of the calls; a call that has none stands behind all text
};

/// The answer in pieces, for APIs that keep the order of what was said: each has text and at most one call, behind it. The first
/// piece has the thoughts, the last one, which has no call, how the answer ended.
std::vector<Answer> in_order(const Answer& answer);

/// What stands at the head of each response and chunk.
struct ResponseHead {
  std::string id, model;
  int64_t created = 0;  // seconds since 1970
};

Json print_usage(const chat::Usage& usage);
/// A call's arguments as an object, for APIs that have them so: what a model wrote in its place is kept, as {"arguments": TEXT}.
Json arguments_of(const chat::ToolCall& call);
/// null where there is none (NaN), as of a prompt's first token.
Json print_number(double value);
/// The numbers of bytes.
Json print_bytes(std::string_view bytes);
/// A token of a text: id, text and bytes; the text has U+FFFD where the bytes are a part of a character.
Json print_piece(const chat::TokenPiece& token);
/// Chat's entry of one token: token, logprob, bytes; with `details` also id and chance.
Json print_token(const chat::TokenReport& token, bool details);
/// A list of such, each with its `top_logprobs`.
Json print_tokens(const std::vector<chat::TokenReport>& tokens, bool details);

}  // namespace malmoi::protocol
