#include "protocol/generation.h"

#include <charconv>
#include <cmath>
#include <cstddef>
#include <utility>

#include "base/utf8.h"
#include "protocol/constraint_fields.h"
#include "protocol/sampler_fields.h"

namespace malmoi::protocol {
namespace {

// {"50256": -100}: ids as text to values added to their logits.
void read_logit_bias(Fields& fields, chat::SamplingOptions& sampling) {
  const Json* map = fields.raw("logit_bias");
  if (!map) return;
  constexpr size_t kLimit = 1024;
  const char* shape = "'logit_bias' is not an object of token ids with values from -100 to 100";
  if (!map->is_object() || map->size() > kLimit) return fields.fail("logit_bias", shape, "at most 1024 of them");
  for (const auto& [key, value] : map->items()) {
    int32_t id = 0;
    auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
    double x = value.is_number() ? value.get<double>() : 1e9;
    if (error != std::errc() || end != key.data() + key.size() || id < 0 || !(x >= -100 && x <= 100))
      return fields.fail("logit_bias", shape);
    sampling.logit_bias.emplace_back(id, static_cast<float>(x));
  }
}

void read_stream(Fields& fields, GenerationOptions& options) {
  options.stream = fields.boolean("stream").value_or(false);
  if (fields.raw("stream_options") && !options.stream)
    return fields.fail("stream_options", "'stream_options' needs 'stream': true");
  read_object(fields, "stream_options", "stream_options.", [&](Fields& inner) {
    options.include_usage = inner.boolean("include_usage").value_or(false);
    inner.ignore({"include_obfuscation"});
  });
}

// What other servers offer and this one does not, with the value that asks for nothing: clients send it unasked.
void refuse_extensions(Fields& fields) {
  struct Extension {
    const char* name;
    Json neutral;
  };
  static const std::vector<Extension> kExtensions = {
      {"min_tokens", 0},
      {"length_penalty", 1},
      {"tfs_z", 1},
      {"n_probs", 0},
      {"dynatemp_range", 0},
      {"use_beam_search", false},
      {"bad_words", Json()},
      {"stop_token_ids", Json()},
      {"skip_special_tokens", true},
      {"spaces_between_special_tokens", true},
      {"include_stop_str_in_output", false},
  };
  for (const Extension& extension : kExtensions)
    fields.refuse(extension.name, "this server does not offer it", extension.neutral);
  fields.ignore({"cache_prompt", "id_slot", "priority", "request_id"});  // how, not what, another server answers
}

// The text and the tokens between two places.
Answer part_of(const Answer& answer, const Answer::Place& begin, const Answer::Place& end) {
  Answer part;
  part.index = answer.index;
  part.text = answer.text.substr(begin.text, end.text - begin.text);
  const auto tokens = answer.tokens.begin();
  part.tokens.assign(tokens + static_cast<std::ptrdiff_t>(begin.tokens),
                     tokens + static_cast<std::ptrdiff_t>(end.tokens));
  return part;
}

}  // namespace

void read_sampling(Fields& fields, const chat::SamplingOptions& defaults, GenerationOptions& options) {
  chat::SamplingOptions& s = options.sampling;
  s.temperature = fields.number("temperature", 0, 100).value_or(defaults.temperature);
  s.top_p = fields.number("top_p", 0, 1).value_or(defaults.top_p);
  s.top_k = fields.integer("top_k", -1, 1 << 24).value_or(defaults.top_k);
  read_edges(s);
  s.presence_penalty = fields.number("presence_penalty", -2, 2).value_or(0);
  s.frequency_penalty = fields.number("frequency_penalty", -2, 2).value_or(0);
  if (auto seed = fields.integer("seed", INT64_MIN, INT64_MAX)) {
    s.seed = static_cast<uint64_t>(*seed);
    options.seeded = true;
  }
  read_sampler_fields(fields, defaults, s);
}

void read_logprobs(Fields& fields, GenerationOptions& options) {
  options.logprobs = fields.boolean("logprobs").value_or(false);
  options.top_logprobs = fields.integer("top_logprobs", 0, kMaxTopLogprobs).value_or(0);
  if (options.top_logprobs > 0 && !options.logprobs)
    fields.fail("top_logprobs", "'top_logprobs' needs 'logprobs': true");
}

GenerationOptions read_options(Fields& fields, const chat::SamplingOptions& defaults) {
  GenerationOptions options;
  options.model = fields.text("model").value_or("");
  read_sampling(fields, defaults, options);
  read_logit_bias(fields, options.sampling);
  options.n = fields.integer("n", 1, kMaxAnswers).value_or(1);
  options.stop = fields.texts("stop", 16);
  options.constraint = read_constraint(fields);
  read_stream(fields, options);
  options.ignore_eos = fields.boolean("ignore_eos").value_or(false);
  options.token_details = fields.boolean("token_details").value_or(false);
  refuse_extensions(fields);
  fields.ignore({"user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key"});
  return options;
}

void read_edges(chat::SamplingOptions& sampling) {
  if (sampling.top_k == -1) sampling.top_k = 0;
  if (sampling.top_p == 0) {
    sampling.top_k = 1;
    sampling.top_p = 1;
  }
}

std::vector<Answer> in_order(const Answer& answer) {
  std::vector<Answer> pieces;
  const Answer::Place end{.text = answer.text.size(), .tokens = answer.tokens.size()};
  Answer::Place begin;
  for (size_t i = 0; i <= answer.calls.size(); ++i) {
    const Answer::Place next = i < answer.call_places.size() ? answer.call_places[i] : end;
    Answer piece = part_of(answer, begin, next);
    if (i < answer.calls.size()) piece.calls.push_back(answer.calls[i]);
    piece.first_call = answer.first_call + static_cast<int64_t>(i);
    pieces.push_back(std::move(piece));
    begin = next;
  }
  pieces.front().reasoning = answer.reasoning;
  pieces.front().thought_tokens = answer.thought_tokens;
  pieces.back().finish_reason = answer.finish_reason;
  pieces.back().stop_text = answer.stop_text;
  return pieces;
}

Json print_usage(const chat::Usage& usage) {
  return {{"prompt_tokens", usage.prompt_tokens},
          {"completion_tokens", usage.completion_tokens},
          {"total_tokens", usage.prompt_tokens + usage.completion_tokens},
          {"prompt_tokens_details", {{"cached_tokens", usage.cached_tokens}}},
          {"completion_tokens_details", {{"reasoning_tokens", usage.reasoning_tokens}}}};
}

Json arguments_of(const chat::ToolCall& call) {
  if (call.arguments.empty()) return Json::object();
  auto arguments = parse_json(call.arguments, "arguments");
  if (arguments.ok() && arguments->is_object()) return *std::move(arguments);
  return Json::object({{"arguments", call.arguments}});
}

Json print_number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json print_bytes(std::string_view bytes) {
  Json list = Json::array();
  for (char c : bytes) list.push_back(static_cast<int>(static_cast<unsigned char>(c)));
  return list;
}

Json print_piece(const chat::TokenPiece& token) {
  return {{"id", token.id}, {"text", replace_invalid_utf8(token.bytes)}, {"bytes", print_bytes(token.bytes)}};
}

Json print_token(const chat::TokenReport& token, bool details) {
  Json json = {{"token", replace_invalid_utf8(token.bytes)},
               {"logprob", print_number(token.logprob)},
               {"bytes", print_bytes(token.bytes)}};
  if (details) {
    json["id"] = token.id;
    json["chance"] = print_number(token.chance);
  }
  return json;
}

Json print_tokens(const std::vector<chat::TokenReport>& tokens, bool details) {
  Json list = Json::array();
  for (const chat::TokenReport& token : tokens) {
    Json entry = print_token(token, details);
    entry["top_logprobs"] = Json::array();
    for (const chat::TokenReport& other : token.top) entry["top_logprobs"].push_back(print_token(other, details));
    list.push_back(std::move(entry));
  }
  return list;
}

}  // namespace malmoi::protocol
