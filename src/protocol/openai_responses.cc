#include "protocol/openai_responses.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "protocol/constraint_fields.h"
#include "protocol/openai_response_input.h"
#include "protocol/openai_response_printer.h"
#include "protocol/openai_tools.h"
#include "protocol/thinking_fields.h"

namespace malmoi::protocol {
namespace {

constexpr int64_t kMostAlternatives = 20;  // a response's last events hold them several times

void read_text_options(Fields& fields, GenerationOptions& options) {
  read_object(fields, "text", "text.", [&](Fields& text) {
    auto constraint = read_text_format(text);
    if (constraint && options.constraint)
      text.fail("format", "stands beside another rule for the answer", "leave one of them out");
    if (constraint) options.constraint = std::move(constraint);
    text.refuse("verbosity", "the model has no such control", "medium");
  });
}

void read_reasoning(Fields& fields, GenerationOptions& options) {
  read_object(fields, "reasoning", "reasoning.", [&](Fields& reasoning) {
    options.thinking = read_effort(reasoning, "effort", "reasoning.effort");
    reasoning.refuse("summary", "thoughts are told whole, never summed up", "auto");
    reasoning.refuse("generate_summary", "thoughts are told whole, never summed up", "auto");
    reasoning.refuse("context", "the model's template chooses the thoughts that it shows", "auto");
    reasoning.refuse("mode", "the server has no such control", "standard");
  });
}

void read_include(Fields& fields, GenerationOptions& options) {
  // Of calls and images that no response here holds, and of thoughts, which are told openly.
  constexpr std::string_view kNothingToAdd[] = {
      "reasoning.encrypted_content",    "file_search_call.results",      "web_search_call.results",
      "web_search_call.action.sources", "message.input_image.image_url", "computer_call_output.output.image_url",
      "code_interpreter_call.outputs"};
  const std::vector<std::string> asked = fields.texts("include", 64);
  for (const std::string& what : asked) {
    if (what == "message.output_text.logprobs") options.logprobs = true;
    else if (std::ranges::find(kNothingToAdd, std::string_view(what)) == std::end(kNothingToAdd))
      fields.fail("include", "'" + shown(what) + "' is nothing that can be included",
                  "use message.output_text.logprobs");
  }
  options.top_logprobs = fields.integer("top_logprobs", 0, kMostAlternatives).value_or(0);
  if (options.top_logprobs > 0 && !options.logprobs)
    fields.fail("top_logprobs", "'top_logprobs' needs 'include': [\"message.output_text.logprobs\"]");
}

void refuse_unsupported_in_responses(Fields& fields) {
  const char* nothing_stored = "nothing is stored here; send the whole conversation as 'input'";
  fields.refuse("previous_response_id", nothing_stored);
  fields.refuse("conversation", nothing_stored);
  fields.refuse("background", "nothing is stored here from which an answer could be fetched later");
  fields.refuse("prompt", "no templates of prompts are stored here");
  fields.refuse("context_management", "a conversation is never shortened");
  fields.refuse("truncation", "a prompt is never cut", "disabled");
  fields.refuse("moderation", "nothing is judged here");
  fields.refuse("response_format", "'text.format' has taken its place");
  fields.refuse("n", "a response is one answer", 1);
  fields.ignore({"prompt_cache_options", "prompt_cache_retention"});  // how, not what, is answered
}

Json read_metadata(Fields& fields) {
  const Json* given = fields.raw("metadata");
  if (!given) return Json::object();
  bool right = given->is_object();
  for (const Json& value : *given) right = right && value.is_string();
  if (!right) fields.fail("metadata", "'metadata' is not an object of texts");
  return *given;
}

// A field as it was given.
Json given_or(Fields& fields, const char* name, Json absent) {
  const Json* value = fields.raw(name);
  if (value) return *value;
  return absent;
}

// Clients' types of a function have these in any case.
Json with_all_fields(Json tools) {
  for (Json& tool : tools) {
    for (const char* name : {"description", "parameters", "strict"}) {
      if (!tool.contains(name)) tool[name] = nullptr;
    }
  }
  return tools;
}

Json print_effort(const chat::Thinking& thinking) {
  if (!thinking.wanted) return nullptr;
  return *thinking.wanted ? thinking.effort : "none";
}

// What a response says again of its request. Requires that the fields before it were read without an error.
Json repeated_fields(Fields& fields, const GenerationOptions& options) {
  Json json = Json::object();
  json["instructions"] = given_or(fields, "instructions", nullptr);
  json["max_output_tokens"] = options.max_tokens ? Json(*options.max_tokens) : Json(nullptr);
  json["max_tool_calls"] = nullptr;
  json["metadata"] = read_metadata(fields);
  json["parallel_tool_calls"] = options.tools.parallel;
  json["reasoning"] = {{"effort", print_effort(options.thinking)}, {"summary", nullptr}};
  json["temperature"] = given_or(fields, "temperature", options.sampling.temperature);
  json["text"] = given_or(fields, "text", Json::object());
  if (!json["text"].contains("format") || json["text"]["format"].is_null())
    json["text"]["format"] = Json{{"type", "text"}};
  json["tool_choice"] = given_or(fields, "tool_choice", "auto");
  json["tools"] = with_all_fields(given_or(fields, "tools", Json::array()));
  json["top_logprobs"] = options.top_logprobs;
  json["top_p"] = given_or(fields, "top_p", options.sampling.top_p);
  for (const char* name : {"prompt_cache_key", "safety_identifier", "user"}) {
    auto text = fields.text(name);
    json[name] = text ? Json(*text) : Json(nullptr);
  }
  return json;
}

Result<TextRequest> read_response(const Json& body, const Address&, const chat::SamplingOptions& defaults) {
  Fields fields(body);
  TextRequest request{.options = read_options(fields, defaults), .prompt_field = "input"};
  GenerationOptions& options = request.options;
  request.prompts.emplace_back(read_response_input(fields));
  options.tools = read_flat_tools(fields);
  options.max_tokens = fields.integer("max_output_tokens", 1, 1 << 24);
  fields.integer("max_tool_calls", 0, 1 << 24);  // of tools that other servers run
  read_text_options(fields, options);
  read_reasoning(fields, options);
  read_include(fields, options);
  refuse_unsupported_in_responses(fields);
  if (!fields.failed()) options.repeated = repeated_fields(fields, options);
  MALMOI_TRY(fields.finish());
  return request;
}

}  // namespace

constinit const TextProtocol kOpenAiResponses{"resp_", read_response, response_printer, always<StreamForm::kEvents>};

}  // namespace malmoi::protocol
