#include "protocol/gemini_request.h"

#include <optional>
#include <string_view>
#include <utility>

#include "base/ascii.h"
#include "protocol/constraint_fields.h"
#include "protocol/gemini_contents.h"
#include "protocol/gemini_fields.h"
#include "protocol/gemini_schema.h"
#include "protocol/gemini_tools.h"
#include "protocol/thinking_fields.h"

namespace malmoi::protocol {
namespace {

constexpr size_t kMaxGeminiStops = 16;

// One of the texts that a schema lists, bare.
std::optional<chat::Constraint> read_enum(Fields& config, const Json* schema) {
  std::vector<std::string> choices;
  if (schema && schema->is_object()) {
    Fields fields(*schema, "generationConfig.responseSchema.");
    choices = fields.texts("enum", kMaxKeys);
    if (fields.failed()) config.fail(fields.finish().error());
  }
  if (choices.empty()) config.fail("responseSchema", "text/x.enum needs a schema with an 'enum' of texts");
  return choice_constraint(choices);
}

std::optional<chat::Constraint> read_response_form(Fields& config) {
  const std::string type = config.text("responseMimeType").value_or("");
  const Json* open_api = config.raw("responseSchema");
  const Json* schema = config.raw("responseJsonSchema");
  if (open_api && schema)
    config.fail("responseSchema", "'responseSchema' stands beside 'responseJsonSchema'", "leave one of them out");
  if (type == "application/json") {
    if (schema) return schema_constraint(*schema);
    return schema_constraint(open_api ? to_json_schema(*open_api) : Json(true));
  }
  if (type == "text/x.enum") return read_enum(config, open_api);
  if (!type.empty() && type != "text/plain")
    config.fail(unsupported("answers of type '" + shown(type) + "' are not supported",
                            "generationConfig.responseMimeType", "use text/plain, application/json or text/x.enum"));
  if (open_api || schema)
    config.fail(open_api ? "responseSchema" : "responseJsonSchema",
                "a schema needs the 'responseMimeType' application/json");
  return {};
}

void read_level(Fields& thinking, GenerationOptions& options) {
  constexpr const char* kPlace = "generationConfig.thinkingConfig.thinkingLevel";
  const std::string level = ascii_lower(thinking.text("thinkingLevel").value_or("THINKING_LEVEL_UNSPECIFIED"));
  if (level == "thinking_level_unspecified") return;
  auto asked = thinking_of(level, kPlace);
  if (asked && *asked->wanted) options.thinking = *std::move(asked);
  else
    thinking.fail(unsupported("the level '" + shown(level) + "' is not supported", kPlace, "use LOW, MEDIUM or HIGH"));
}

void read_thinking_config(Fields& thinking, GenerationOptions& options) {
  options.include_thoughts = thinking.boolean("includeThoughts").value_or(false);
  // 0: none; -1: as the model likes, which is all that can be said otherwise.
  const auto budget = thinking.integer("thinkingBudget", -1, 1 << 24);
  if (budget == 0) options.thinking.wanted = false;
  else if (budget.value_or(-1) > 0)
    thinking.fail(unsupported("'thinkingBudget' is not supported: the model thinks as long as it likes",
                              "generationConfig.thinkingConfig.thinkingBudget", "use -1, or 0 for no thoughts"));
  read_level(thinking, options);
  if (budget && !options.thinking.effort.empty())
    thinking.fail("thinkingLevel", "'thinkingLevel' stands beside 'thinkingBudget'", "leave one of them out");
}

void read_gemini_sampling(Fields& config, const chat::SamplingOptions& defaults, GenerationOptions& options) {
  options.sampling = defaults;  // what the API has no field for is as the model has it
  chat::SamplingOptions& sampling = options.sampling;
  sampling.temperature = config.number("temperature", 0, 100).value_or(defaults.temperature);
  sampling.top_p = config.number("topP", 0, 1).value_or(defaults.top_p);
  sampling.top_k = config.integer("topK", -1, 1 << 24).value_or(defaults.top_k);
  sampling.presence_penalty = config.number("presencePenalty", -2, 2).value_or(defaults.presence_penalty);
  sampling.frequency_penalty = config.number("frequencyPenalty", -2, 2).value_or(defaults.frequency_penalty);
  read_edges(sampling);
  if (auto seed = config.integer("seed", INT64_MIN, INT64_MAX)) {
    sampling.seed = static_cast<uint64_t>(*seed);
    options.seeded = true;
  }
}

void read_gemini_logprobs(Fields& config, GenerationOptions& options) {
  options.logprobs = config.boolean("responseLogprobs").value_or(false);
  options.top_logprobs = config.integer("logprobs", 0, kMaxTopLogprobs).value_or(0);
  if (options.top_logprobs > 0 && !options.logprobs)
    config.fail("logprobs", "'logprobs' needs 'responseLogprobs': true");
}

void refuse_other_answers(Fields& config) {
  constexpr const char* kText = "answers are text";
  config.refuse("responseModalities", kText, Json::array({"TEXT"}));
  for (const char* name : {"speechConfig", "imageConfig", "responseFormat", "translationConfig"})
    refuse_any(config, "generationConfig.", name, kText);
  for (const char* name : {"mediaResolution", "audioTimestamp", "audioTranscriptionConfig"})
    config.refuse(name, "the model reads text alone", "MEDIA_RESOLUTION_UNSPECIFIED");
  for (const char* name :
       {"routingConfig", "modelSelectionConfig", "enableEnhancedCivicAnswers", "enableAffectiveDialog"})
    config.refuse(name, "the server has no such control");
}

void read_config(const Json& given, const chat::SamplingOptions& defaults, GenerationOptions& options, Fields& fields) {
  Fields config(given, "generationConfig.");
  read_gemini_sampling(config, defaults, options);
  options.n = config.integer("candidateCount", 1, kMaxAnswers).value_or(1);
  options.max_tokens = config.integer("maxOutputTokens", 1, 1 << 24);
  options.stop = config.texts("stopSequences", kMaxGeminiStops);
  options.constraint = read_response_form(config);
  options.include_thoughts = false;  // they are told where they are asked for
  read_object(config, "thinkingConfig", "generationConfig.thinkingConfig.",
              [&](Fields& thinking) { read_thinking_config(thinking, options); });
  read_gemini_logprobs(config, options);
  refuse_other_answers(config);
  if (Status done = config.finish(); !done.ok()) fields.fail(done.error());
}

}  // namespace

std::string plain_model_name(const std::string& name) {
  constexpr std::string_view kPrefix = "models/";
  return name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : name;
}

Result<TextRequest> read_contents_request(const Json& body, const Address& address,
                                          const chat::SamplingOptions& defaults) {
  Fields fields(body);
  TextRequest request{.prompt_field = "contents"};
  GenerationOptions& options = request.options;
  options.model = plain_model_name(address.name);
  if (auto model = fields.text("model"); model && plain_model_name(*model) != options.model)
    fields.fail("model", "'model' is not the one that the address names", "leave it out");
  request.prompts.emplace_back(read_contents(fields));
  options.tools = read_declared_functions(fields);
  const Json* config = fields.raw("generationConfig");
  const Json nothing = Json::object();
  if (config && !config->is_object()) fields.fail("generationConfig", "'generationConfig' is not an object");
  else read_config(config ? *config : nothing, defaults, options, fields);
  fields.refuse("cachedContent", "what prompts begin with is kept by itself");
  fields.refuse("continuationToken", "answers are not continued");
  fields.ignore({"safetySettings", "labels", "serviceTier", "store"});
  MALMOI_TRY(fields.finish());
  return request;
}

}  // namespace malmoi::protocol
