#include "protocol/openai_chat.h"

#include <algorithm>

namespace malmoi::protocol {
namespace {

constexpr size_t kMaxMessages = 4096;

// A text, or a list of parts of which only texts are understood.
std::string read_content(Fields& fields, const std::string& place) {
  const Json* content = fields.raw("content");
  if (!content) return fields.fail("content", "the message has no 'content'", "give a text"), "";
  if (content->is_string()) return content->get<std::string>();
  if (!content->is_array()) return fields.fail("content", "'content' is not a text or a list of parts"), "";
  std::string text;
  for (const Json& part : *content) {
    if (!part.is_object() || json_string(part, "type").empty())
      return fields.fail("content", "a part is not an object with a 'type'"), "";
    std::string type = json_string(part, "type");
    if (type != "text") {
      fields.fail(unsupported("parts of type '" + shown(type) + "' are not supported: the model reads text alone",
                              place + "content", "send text"));
      return "";
    }
    if (!part.contains("text") || !part["text"].is_string())
      return fields.fail("content", "a part of type 'text' has no 'text'"), "";
    text += part["text"].get<std::string>();
  }
  return text;
}

Result<chat::Message> read_message(const Json& json, size_t index) {
  std::string place = "messages[" + std::to_string(index) + "].";
  if (!json.is_object()) return usage_error("a message is not an object", place.substr(0, place.size() - 1));
  Fields fields(json, place);
  chat::Message message;
  message.role = fields.text("role").value_or("");
  static const std::vector<std::string> kRoles = {"system", "developer", "user", "assistant"};
  if (message.role == "tool" || message.role == "function") {
    fields.fail(unsupported("role '" + message.role + "' is not supported: there are no tools", place + "role",
                            "leave the message out"));
  } else if (std::find(kRoles.begin(), kRoles.end(), message.role) == kRoles.end()) {
    fields.fail("role", "'role' is not one of system, developer, user, assistant");
  }
  message.content = read_content(fields, place);
  fields.refuse("tool_calls", "there are no tools");
  fields.refuse("function_call", "there are no tools");
  fields.refuse("audio", "the model reads text alone");
  fields.ignore({"name", "refusal", "annotations", "reasoning_content"});
  MALMOI_TRY(fields.finish());
  return message;
}

void read_messages(Fields& fields, std::vector<chat::Message>& messages) {
  const Json* list = fields.raw("messages");
  if (!list) return fields.fail("messages", "'messages' is missing", "give a list of messages");
  if (!list->is_array() || list->empty() || list->size() > kMaxMessages)
    return fields.fail("messages", "'messages' is not a list of 1 to " + std::to_string(kMaxMessages) + " messages");
  for (size_t i = 0; i < list->size(); ++i) {
    auto message = read_message((*list)[i], i);
    if (!message.ok()) return fields.fail(message.error());
    messages.push_back(*std::move(message));
  }
}

void refuse_unsupported(Fields& fields) {
  fields.refuse("tools", "the model calls no functions");
  fields.refuse("tool_choice", "the model calls no functions",
                fields.raw("tool_choice") && *fields.raw("tool_choice") == "auto" ? "auto" : "none");
  fields.refuse("functions", "the model calls no functions");
  fields.refuse("function_call", "the model calls no functions", "none");
  fields.refuse("modalities", "answers are text", Json::array({"text"}));
  fields.refuse("audio", "answers are text");
  fields.refuse("prediction", "it would change nothing");
  fields.refuse("reasoning_effort", "the model does not reason before it answers", "none");
  fields.refuse("verbosity", "the model has no such control", "medium");
  fields.refuse("web_search_options", "the model searches nothing");
  fields.ignore({"parallel_tool_calls"});
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
  read_messages(fields, request.messages);
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
         {"message", {{"role", "assistant"}, {"content", answer.text}, {"refusal", nullptr}}},
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
  if (!piece.text.empty()) delta["content"] = piece.text;
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
