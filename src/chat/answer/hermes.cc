// Hermes and Qwen: <tool_call>{"name", "arguments"}</tool_call>, thoughts in <think>.
#include "chat/answer/sections.h"

namespace malmoi::chat {
namespace {

const Section kSections[] = {kThink, {.open = "<tool_call>", .closes = {"</tool_call>"}, .calls = json_tool_calls}};

bool wrote(std::string_view source) { return source.find("<tool_call>") != source.npos; }

std::unique_ptr<AnswerParser> parser(std::string_view prompt) {
  return section_parser(kSections, prompt_opens(prompt, kThink) ? &kSections[0] : nullptr);
}

}  // namespace

extern const AnswerFamily hermes_answers{"hermes", wrote, parser};

}  // namespace malmoi::chat
