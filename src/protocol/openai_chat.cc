#include "protocol/openai_chat.h"

#include "protocol/openai_error.h"
#include "protocol/openai_messages.h"
#include "protocol/openai_tools.h"
#include "protocol/thinking_fields.h"

namespace malmoi::protocol {
namespace {

void refuse_unsupported(Fields& fields) {
  fields.refuse("functions", "'tools' has taken its place");
  fields.refuse("function_call", "'tool_choice' has taken its place", "none");
  fields.refuse("modalities", "answers are text", Json::array({"text"}));
  fields.refuse("audio", "answers are text");
  fields.refuse("prediction", "it would change nothing");
  fields.refuse("verbosity", "the model has no such control", "medium");
  fields.refuse("web_search_options", "the model searches nothing");
  fields.refuse("moderation", "nothing is judged here");
  fields.ignore({"prompt_cache_options", "prompt_cache_retention"});  // how, not what, is answered
}

Json print_logprobs(const Answer& answer, bool details) {
  return {{"content", print_tokens(answer.tokens, details)}, {"refusal", nullptr}};
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

Result<TextRequest> read_chat(const Json& body, const Address&, const chat::SamplingOptions& defaults) {
  Fields fields(body);
  TextRequest request{.options = read_options(fields, defaults), .prompt_field = "messages"};
  GenerationOptions& options = request.options;
  request.prompts.emplace_back(read_messages(fields));
  options.tools = read_tools(fields);
  auto older = fields.integer("max_tokens", 0, 1 << 24), newer = fields.integer("max_completion_tokens", 0, 1 << 24);
  options.max_tokens = newer ? newer : older;
  read_logprobs(fields, options);
  options.thinking = read_effort(fields, "reasoning_effort", "reasoning_effort");
  refuse_unsupported(fields);
  MALMOI_TRY(fields.finish());
  return request;
}

class ChatPrinter : public Printer {
 public:
  ChatPrinter(ResponseHead head, const GenerationOptions& options, size_t answers)
      : head_(std::move(head)), options_(options), answers_(answers) {}

  Json whole(const std::vector<Answer>& answers, const Told& told) override {
    Json json = print_head(head_, "chat.completion");
    json["choices"] = Json::array();
    for (const Answer& answer : answers) {
      json["choices"].push_back(
          {{"index", answer.index},
           {"message", print_message(answer)},
           {"logprobs", options_.logprobs ? print_logprobs(answer, options_.token_details) : Json(nullptr)},
           {"finish_reason", print_finish(answer)}});
    }
    json["usage"] = print_usage(told.usage);
    return json;
  }

  std::vector<StreamEvent> opening(const Told&) override {
    std::vector<StreamEvent> events;
    for (size_t i = 0; i < answers_; ++i) {
      events.push_back({.json = chunk_of({{"index", i},
                                          {"delta", {{"role", "assistant"}, {"content", ""}}},
                                          {"logprobs", nullptr},
                                          {"finish_reason", nullptr}})});
    }
    return events;
  }

  std::vector<StreamEvent> piece(const Answer& piece) override {
    Json delta = Json::object();
    if (!piece.reasoning.empty()) delta["reasoning_content"] = piece.reasoning;
    if (!piece.text.empty()) delta["content"] = piece.text;
    if (!piece.calls.empty()) delta["tool_calls"] = print_calls(piece, true);
    const bool with_logprobs = options_.logprobs && !piece.tokens.empty();
    return {
        {.json = chunk_of({{"index", piece.index},
                           {"delta", std::move(delta)},
                           {"logprobs", with_logprobs ? print_logprobs(piece, options_.token_details) : Json(nullptr)},
                           {"finish_reason", print_finish(piece)}})}};
  }

  std::vector<StreamEvent> closing(const Told& told) override {
    if (!options_.include_usage) return {};
    Json json = print_head(head_, "chat.completion.chunk");
    json["choices"] = Json::array();
    json["usage"] = print_usage(told.usage);
    return {{.json = std::move(json)}};
  }

  std::vector<StreamEvent> failure(const ApiError& error) override { return {{.json = print_openai_error(error)}}; }

 private:
  Json chunk_of(Json choice) const {
    Json json = print_head(head_, "chat.completion.chunk");
    json["choices"] = Json::array({std::move(choice)});
    if (options_.include_usage) json["usage"] = nullptr;
    return json;
  }

  ResponseHead head_;
  GenerationOptions options_;
  size_t answers_;
};

std::unique_ptr<Printer> chat_printer(const ResponseHead& head, const GenerationOptions& options, size_t answers) {
  return std::make_unique<ChatPrinter>(head, options, answers);
}

}  // namespace

constinit const TextProtocol kOpenAiChat{"chatcmpl-", read_chat, chat_printer, always<StreamForm::kEventsThenDone>};

}  // namespace malmoi::protocol
