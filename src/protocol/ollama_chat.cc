#include "protocol/ollama_chat.h"

#include <utility>

#include "protocol/ollama_answers.h"
#include "protocol/ollama_messages.h"
#include "protocol/ollama_request.h"
#include "protocol/openai_tools.h"

namespace malmoi::protocol {
namespace {

Result<TextRequest> read_ollama_chat(const Json& body, const Address&, const chat::SamplingOptions& defaults) {
  Fields fields(body);
  TextRequest request = read_ollama_request(fields, defaults);
  request.prompt_field = "messages";
  request.options.tools = read_tools(fields);
  std::vector<chat::Message> messages = read_ollama_messages(fields);
  MALMOI_TRY(fields.finish());
  if (!messages.empty()) request.prompts.emplace_back(std::move(messages));
  return request;
}

Json print_ollama_calls(const Answer& answer) {
  Json list = Json::array();
  for (const chat::ToolCall& call : answer.calls) {
    Json function = Json::object();
    function["index"] = answer.first_call + static_cast<int64_t>(list.size());
    function["name"] = call.name;
    function["arguments"] = arguments_of(call);
    list.push_back({{"id", call.id}, {"function", std::move(function)}});
  }
  return list;
}

void say_message(Json& line, const Answer& answer) {
  Json message = {{"role", "assistant"}, {"content", answer.text}};
  if (!answer.reasoning.empty()) message["thinking"] = answer.reasoning;
  if (!answer.calls.empty()) message["tool_calls"] = print_ollama_calls(answer);
  line["message"] = std::move(message);
}

std::unique_ptr<Printer> ollama_chat_printer(const ResponseHead& head, const GenerationOptions& options, size_t) {
  return ollama_printer(head, options, say_message);
}

}  // namespace

constinit const TextProtocol kOllamaChat{"chat-", read_ollama_chat, ollama_chat_printer, always<StreamForm::kLines>};

}  // namespace malmoi::protocol
