#include "protocol/openai_chat.h"

#include "protocol/openai_messages.h"
#include "protocol/openai_tools.h"

namespace malmoi::protocol {
namespace {

void refuse_unsupported(Fields& fields) {
  fields.refuse("functions", "'tools' has taken its place");
  fields.refuse("function_call", "'tool_choice' has taken its place", "none");
  fields.refuse("modalities", "answers are text", Json::array({"text"}));
  fields.refuse("audio", "answers are text");
  fields.refuse("prediction", "it would change nothing");
  fields.refuse("reasoning_effort", "the server has no such control", "none");
  fields.refuse("verbosity", "the model has no such control", "medium");
  fields.refuse("web_search_options", "the model searches nothing");
}

Json print_logprobs(const Answer& answer, bool details) {
  Json content = Json::array();
  for (const chat::TokenReport& token : answer.tokens) {
    Json entry = print_token(token, details);
    entry["top_logprobs"] = Json::array();
    for (const chat::TokenReport& other : token.top) entry["top_logprobs"].push_back(print_token(other, details));
    content.push_back(std::move(entry));
  }
  return {{"content", std::move(content)}, {"refusal", nullptr}};
}

// In chunks calls carry their place among those of the answer.
Json print_calls(const Answer& answer, bool with_index) {
  Json list = Json::array();
  for (const chat::ToolCall& call : answer.calls) {
    Json entry = Json::object();
    if (with_index) entry["index"] = answer.first_call + static_cast<int64_t>(list.size());
    entry["id"] = call.id;
    entry["type"] = "function";
    entry["function"] = {{"name", call.name}, {"arguments", call.arguments}};
    list.push_back(std::move(entry));
  }
  return list;
}

Json print_message(const Answer& answer) {
  const bool calls_alone = answer.text.empty() && !answer.calls.empty();
  Json message = {{"role", "assistant"}, {"content", calls_alone ? Json(nullptr) : Json(answer.text)}};
  message["refusal"] = nullptr;
  if (!answer.reasoning.empty()) message["reasoning_content"] = answer.reasoning;
  if (!answer.calls.empty()) message["tool_calls"] = print_calls(answer, false);
  return message;
}

Json print_head(const ResponseHead& head, const char* object) {
  return {{"id", head.id}, {"object", object}, {"created", head.created}, {"model", head.model}};
}

Json print_finish(const Answer& answer) {
  return answer.finish_reason.empty() ? Json(nullptr) : Json(answer.finish_reason);
}

}  // namespace

Result<ChatRequest> parse_chat(const Json& body, const chat::SamplingOptions& defaults) {
  Fields fields(body);
  ChatRequest request;
  request.options = read_options(fields, defaults);
  request.messages = read_messages(fields);
  request.options.tools = read_tools(fields);
  auto older = fields.integer("max_tokens", 0, 1 << 24), newer = fields.integer("max_completion_tokens", 0, 1 << 24);
  request.options.max_tokens = newer ? newer : older;
  request.options.logprobs = fields.boolean("logprobs").value_or(false);
  request.options.top_logprobs = fields.integer("top_logprobs", 0, kMaxTopLogprobs).value_or(0);
  if (request.options.top_logprobs > 0 && !request.options.logprobs)
    fields.fail("top_logprobs", "'top_logprobs' needs 'logprobs': true");
  refuse_unsupported(fields);
  MALMOI_TRY(fields.finish());
  return request;
}

Json print_chat(const ResponseHead& head, const std::vector<Answer>& answers, const chat::Usage& usage,
                const GenerationOptions& options) {
  Json json = print_head(head, "chat.completion");
  json["choices"] = Json::array();
  for (const Answer& answer : answers) {
    json["choices"].push_back(
        {{"index", answer.index},
         {"message", print_message(answer)},
         {"logprobs", options.logprobs ? print_logprobs(answer, options.token_details) : Json(nullptr)},
         {"finish_reason", print_finish(answer)}});
  }
  json["usage"] = print_usage(usage);
  return json;
}

Json ChatStream::chunk_of(Json choice) const {
  Json json = print_head(head_, "chat.completion.chunk");
  json["choices"] = Json::array({std::move(choice)});
  if (options_.include_usage) json["usage"] = nullptr;
  return json;
}

Json ChatStream::role_chunk(int64_t index) const {
  return chunk_of({{"index", index},
                   {"delta", {{"role", "assistant"}, {"content", ""}}},
                   {"logprobs", nullptr},
                   {"finish_reason", nullptr}});
}

Json ChatStream::chunk(const Answer& piece) const {
  Json delta = Json::object();
  if (!piece.reasoning.empty()) delta["reasoning_content"] = piece.reasoning;
  if (!piece.text.empty()) delta["content"] = piece.text;
  if (!piece.calls.empty()) delta["tool_calls"] = print_calls(piece, true);
  return chunk_of(
      {{"index", piece.index},
       {"delta", std::move(delta)},
       {"logprobs",
        options_.logprobs && !piece.tokens.empty() ? print_logprobs(piece, options_.token_details) : Json(nullptr)},
       {"finish_reason", print_finish(piece)}});
}

Json ChatStream::usage_chunk(const chat::Usage& usage) const {
  Json json = print_head(head_, "chat.completion.chunk");
  json["choices"] = Json::array();
  json["usage"] = print_usage(usage);
  return json;
}

}  // namespace malmoi::protocol
