#include "protocol/ollama_generate.h"

#include <utility>

#include "protocol/ollama_answers.h"
#include "protocol/ollama_request.h"

namespace malmoi::protocol {
namespace {

void refuse_unsupported_in_generate(Fields& fields) {
  fields.refuse("suffix", "this model continues texts, it does not fill gaps", "");
  fields.refuse("template", "conversations go through the model's own; 'raw' takes a prompt as it is", "");
  fields.refuse("context", "conversations are what /api/chat is for");
  fields.refuse("images", "the model reads text alone");
}

chat::Prompt conversation_of(std::string system, std::string prompt) {
  std::vector<chat::Message> messages;
  if (!system.empty()) messages.push_back({.role = "system", .content = std::move(system)});
  messages.push_back({.role = "user", .content = std::move(prompt)});
  return messages;
}

Result<TextRequest> read_generate(const Json& body, const Address&, const chat::SamplingOptions& defaults) {
  Fields fields(body);
  TextRequest request = read_ollama_request(fields, defaults);
  request.prompt_field = "prompt";
  std::string prompt = fields.text("prompt").value_or(""), system = fields.text("system").value_or("");
  const bool is_raw = fields.boolean("raw").value_or(false);
  if (is_raw && !system.empty())
    fields.fail("system", "'raw' takes the prompt as it is, without 'system'", "leave one of them out");
  if (is_raw && request.options.thinking.wanted.value_or(false))
    fields.fail("think", "'raw' takes the prompt as it is, without asking for thoughts", "leave one of them out");
  refuse_unsupported_in_generate(fields);
  MALMOI_TRY(fields.finish());
  if (prompt.empty()) return request;
  if (is_raw) request.prompts.emplace_back(std::move(prompt));
  else request.prompts.push_back(conversation_of(std::move(system), std::move(prompt)));
  return request;
}

void say_response(Json& line, const Answer& answer) {
  line["response"] = answer.text;
  if (!answer.reasoning.empty()) line["thinking"] = answer.reasoning;
}

std::unique_ptr<Printer> generate_printer(const ResponseHead& head, const GenerationOptions& options, size_t) {
  return ollama_printer(head, options, say_response);
}

}  // namespace

constinit const TextProtocol kOllamaGenerate{"gen-", read_generate, generate_printer, always<StreamForm::kLines>};

}  // namespace malmoi::protocol
