// Gemma: calls as blocks ```tool_code, ```tool_call or ```json, with {"name", "parameters"} in them.
#include "chat/answer/sections.h"

namespace malmoi::chat::gemma {
namespace {

const Section kSections[] = {
    {.open = "```tool_code", .closes = {"```"}, .calls = json_tool_calls},
    {.open = "```tool_call", .closes = {"```"}, .calls = json_tool_calls},
    {.open = "```json", .closes = {"```"}, .calls = json_tool_calls},
    {.open = "{", .closes = {}, .calls = json_tool_calls, .at_start = true, .keeps_open = true}};

bool wrote(std::string_view source) { return source.find("<start_of_turn>") != source.npos; }

CallForm call_form(std::string_view) { return {.body = CallForm::Body::kCall, .key = "parameters"}; }

}  // namespace

extern const AnswerFamily answers{"gemma", wrote, {}, parser_of<kSections>, call_form};

}  // namespace malmoi::chat::gemma
