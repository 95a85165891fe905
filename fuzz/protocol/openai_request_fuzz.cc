// Fuzzes the bodies of requests: whatever is accepted is within its limits, every error names something, and a call that must
// be made has a schema in every form.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/json.h"
#include "chat/answer/answer_parser.h"
#include "chat/chat_template.h"
#include "chat/tool_use.h"
#include "protocol/openai_chat.h"
#include "protocol/openai_completions.h"
#include "protocol/openai_error.h"
#include "protocol/tokenize.h"

using namespace malmoi::protocol;

namespace {

void check(const malmoi::Error& error) {
  ApiError told = to_api_error(error);
  if (told.message.empty() || told.status < 400 || malmoi::dump_json(print_error(told)).empty()) std::abort();
}

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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto body = parse_body({reinterpret_cast<const char*>(data), size});
  if (!body.ok()) return check(body.error()), 0;
  if (auto request = parse_completion(*body, {}); request.ok()) {
    check(request->options);
    if (request->prompts.empty()) std::abort();
  } else {
    check(request.error());
  }
  if (auto request = parse_chat(*body, {}); request.ok()) {
    check(request->options);
    check(request->options.tools);
    if (request->messages.empty() || malmoi::chat::render_plain(request->messages).prompt.empty()) std::abort();
  } else {
    check(request.error());
  }
  if (auto request = parse_tokenize(*body); !request.ok()) check(request.error());
  if (auto request = parse_detokenize(*body); !request.ok()) check(request.error());
  return 0;
}
