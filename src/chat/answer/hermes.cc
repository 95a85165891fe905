// Hermes and Qwen: <tool_call>{"name", "arguments"}</tool_call>, thoughts in <think>.
#include "chat/answer/sections.h"

namespace malmoi::chat::hermes {
namespace {

const Section kSections[] = {kThink, {.open = "<tool_call>", .closes = {"</tool_call>"}, .calls = json_tool_calls}};
constexpr std::string_view kMarks[] = {"<think>", "</think>", "<tool_call>", "</tool_call>"};

bool wrote(std::string_view source) { return source.find("<tool_call>") != source.npos; }

// A template that shows no call in JSON has something else written between the marks: mostly XML.
CallForm call_form(std::string_view source) {
  const bool shows_json = source.find(R"("name": )") != source.npos || source.find(R"(\"name\": )") != source.npos;
  if (!shows_json) return {};
  return {.body = CallForm::Body::kCall, .before = "<tool_call>\n"};
}

}  // namespace

extern const AnswerFamily answers{"hermes", wrote, kMarks, parser_of<kSections>, call_form};

}  // namespace malmoi::chat::hermes
