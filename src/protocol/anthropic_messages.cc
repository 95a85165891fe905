#include "protocol/anthropic_messages.h"

#include <string>
#include <utility>
#include <variant>

#include "protocol/anthropic_conversation.h"
#include "protocol/anthropic_printer.h"
#include "protocol/anthropic_tools.h"
#include "protocol/constraint_fields.h"
#include "protocol/count_prompt.h"

namespace malmoi::protocol {
namespace {

constexpr int64_t kLongest = 1 << 24;  // answers, in tokens
constexpr int64_t kLeastBudget = 1024;
constexpr size_t kMaxStops = 64;

// Anthropic's own models take a budget as an aim, others know none: it is checked, and holds nobody.
void read_thinking(Fields& thinking, GenerationOptions& options) {
  const std::string type = thinking.text("type").value_or("");
  if (type == "enabled") {
    options.thinking = {.wanted = true, .field = "thinking"};
    if (!thinking.integer("budget_tokens", kLeastBudget, kLongest))
      thinking.fail("budget_tokens", "'budget_tokens' is missing");
  } else if (type == "disabled") {
    options.thinking.wanted = false;
  } else if (type != "adaptive") {  // with it, as without the field, template and model decide
    thinking.fail("type", "'type' is not enabled, disabled or adaptive");
  }
  thinking.refuse("display", "thoughts are told as they are", "summarized");
}

void read_output_format(Fields& format, GenerationOptions& options) {
  if (format.text("type").value_or("") != "json_schema") format.fail("type", "'type' is not json_schema");
  const Json* schema = format.raw("schema");
  if (schema) options.constraint = schema_constraint(*schema);
  else format.fail("schema", "'schema' is missing");
}

void read_output_config(Fields& config, GenerationOptions& options) {
  read_object(config, "format", "output_config.format.", [&](Fields& format) { read_output_format(format, options); });
  config.refuse("effort", "the model has no such control", "high");
}

// What is said of a conversation whose answer is wanted, and of one whose tokens are counted.
TextRequest read_conversation(Fields& fields) {
  TextRequest request;
  request.prompt_field = "messages";
  GenerationOptions& options = request.options;
  options.model = fields.text("model").value_or("");
  request.prompts.emplace_back(read_anthropic_conversation(fields));
  options.tools = read_anthropic_tools(fields);
  read_object(
      fields, "thinking", "thinking.", [&](Fields& thinking) { read_thinking(thinking, options); },
      "for example {\"type\": \"adaptive\"}");
  read_object(fields, "output_config", "output_config.", [&](Fields& config) { read_output_config(config, options); });
  fields.refuse("output_format", "'output_config' has taken its place");
  fields.refuse("container", "nothing runs here but the model");
  fields.refuse("mcp_servers", "the server calls no others");
  fields.refuse("context_management", "conversations are read whole");
  fields.refuse("speed", "there is one speed", "standard");
  fields.ignore({"cache_control", "user_profile_id"});
  return request;
}

Result<TextRequest> read_message_request(const Json& body, const Address&, const chat::SamplingOptions& defaults) {
  Fields fields(body);
  TextRequest request = read_conversation(fields);
  GenerationOptions& options = request.options;
  options.max_tokens = fields.integer("max_tokens", 0, kLongest);
  if (!options.max_tokens)
    fields.fail("max_tokens", "'max_tokens' is missing", "say how long an answer may become, in tokens");
  read_sampling(fields, defaults, options);
  options.stop = fields.texts("stop_sequences", kMaxStops);
  options.stream = fields.boolean("stream").value_or(false);
  fields.refuse("diagnostics", "the server keeps no requests");
  fields.refuse("inference_geo", "the model runs where this server does");
  fields.ignore({"metadata", "service_tier"});
  MALMOI_TRY(fields.finish());
  return request;
}

}  // namespace

constinit const TextProtocol kAnthropicMessages{"msg_", read_message_request, anthropic_printer,
                                                always<StreamForm::kEvents>};

Reply count_message_tokens(const Json& body, const Address&, const chat::Provider& provider) {
  Fields fields(body);
  TextRequest request = read_conversation(fields);
  if (Status done = fields.finish(); !done.ok()) return to_api_error(done.error());
  const auto counted = count_prompt(std::move(request), provider);
  if (const auto* error = std::get_if<ApiError>(&counted)) return *error;
  return Json::object({{"input_tokens", std::get<size_t>(counted)}});
}

}  // namespace malmoi::protocol
