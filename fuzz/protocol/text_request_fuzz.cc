// Fuzzes the bodies of requests in every protocol: whatever is accepted is within its limits, every error names something, and a call that must
// be made has a schema in every form.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/json.h"
#include "chat/answer/answer_parser.h"
#include "chat/chat_template.h"
#include "chat/tool_use.h"
#include "protocol/apply_template.h"
#include "protocol/openai_embeddings.h"
#include "protocol/anthropic_error.h"
#include "protocol/anthropic_messages.h"
#include "protocol/explore.h"
#include "protocol/gemini_calls.h"
#include "protocol/openai_error.h"
#include "protocol/rerank.h"
#include "protocol/text_protocols.h"
#include "protocol/tokenize.h"

using namespace malmoi::protocol;

namespace {

void check(const ApiError& told) {
  if (told.message.empty() || told.status < 400 || malmoi::dump_json(print_openai_error(told)).empty() ||
      malmoi::dump_json(print_anthropic_error(told)).empty())
    std::abort();
}

void check(const malmoi::Error& error) { check(to_api_error(error)); }

// What has no tokenizer.
class Nobody : public malmoi::chat::Provider {
 public:
  malmoi::chat::ModelInfo info() const override { return {}; }
  malmoi::Status generate(malmoi::chat::GenerationRequest, malmoi::chat::TokenSink) override { return {}; }
  malmoi::chat::ProviderStats stats() const override { return {}; }
  void drain(double) override {}
};

void check(const GenerationOptions& options) {
  if (options.n < 1 || options.n > kMaxAnswers || options.top_logprobs > kMaxTopLogprobs ||
      !options.sampling.check().ok())
    std::abort();
}

void check(const malmoi::chat::ToolUse& tools) {
  if (tools.functions.empty()) return;
  for (const malmoi::chat::AnswerFamily* family : malmoi::chat::answer_families()) {
    auto forced = malmoi::chat::force_call(tools, family->call_form(""));
    if (!forced.ok()) check(forced.error());
    else if (!malmoi::parse_json(forced->schema, "schema").ok()) std::abort();
  }
}

void check(const TextRequest& request) {
  check(request.options);
  check(request.options.tools);
  for (const malmoi::chat::Prompt& prompt : request.prompts) {
    const auto* messages = std::get_if<std::vector<malmoi::chat::Message>>(&prompt);
    if (messages && (messages->empty() || malmoi::chat::render_plain(*messages).prompt.empty())) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto body = parse_body({reinterpret_cast<const char*>(data), size});
  if (!body.ok()) return check(body.error()), 0;
  for (const NamedProtocol& named : text_protocols()) {
    auto request = named.protocol->read(*body, {}, {});
    if (request.ok()) check(*request);
    else check(request.error());
  }
  for (Call call : {tokenize, detokenize, create_embeddings, rerank, apply_template, count_message_tokens,
                    count_gemini_tokens, show_attention, fill_gaps, classify_text}) {
    const Reply reply = call(*body, {}, Nobody());
    if (const ApiError* error = std::get_if<ApiError>(&reply)) check(*error);
  }
  return 0;
}
